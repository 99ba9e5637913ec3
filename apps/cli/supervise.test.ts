import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { supervise, type Program, type Supervised } from './supervise.js';

let home: string;
const running: Supervised[] = [];

beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'lethe-children-'));
});

afterEach(async () => {
  for (const child of running.splice(0)) await child.stop();
  await rm(home, { recursive: true, maxRetries: 20, retryDelay: 100 });
});

/** A child of these lines; `starts` counts how often it was started. */
async function child(lines: string, options: Partial<Program> = {}): Promise<Program> {
  const script = join(home, 'child.mjs');
  const counting = `import { appendFileSync, readFileSync } from 'node:fs';
    appendFileSync(${JSON.stringify(join(home, 'starts'))}, 'x');
    const starts = readFileSync(${JSON.stringify(join(home, 'starts'))}, 'utf8').length;
    setInterval(() => undefined, 1_000); process.on('disconnect', () => process.exit());
    const ready = () => process.send({ ready: true });\n`;
  await writeFile(script, counting + lines);
  return { name: 'API', script, env: {}, logFile: join(home, 'log'), ...options };
}

async function started(program: Program): Promise<Supervised> {
  const supervised = await supervise(program);
  running.push(supervised);
  return supervised;
}

const starts = async () => (await readFile(join(home, 'starts'), 'utf8')).length;

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

describe('a supervised child', () => {
  it('counts as started when it says that it is ready, not before', async () => {
    const program = await child(
      `console.log('starting'); setTimeout(() => { console.log('serving'); ready(); }, 50);`,
    );
    await started(program);
    expect(await readFile(join(home, 'log'), 'utf8')).toContain('serving');
  });

  it('is not ready for having said anything else', async () => {
    const program = await child(`process.send('ready'); process.send({ ready: false }); process.exit(7);`);
    await expect(started(program)).rejects.toThrow('The API stopped (exit code 7)');
  });

  it('that does not come up is not tried again, and its last words are shown', async () => {
    const program = await child(`console.error('no such table'); process.exit(3);`);
    await expect(started(program)).rejects.toThrow(
      /stopped \(exit code 3\)\. Its last words: no such table\nThe whole log: .*log/,
    );
    expect(await starts()).toBe(1);
  });

  it('that dies is started again', async () => {
    const program = await child('ready();', { restartAfter: () => 1 });
    const supervised = await started(program);
    const first = supervised.pid()!;
    process.kill(first, 'SIGKILL');
    await expect.poll(starts).toBe(2);
    expect(supervised.pid()).not.toBe(first);
  });

  it('that keeps dying fails for good, and is left alone then', async () => {
    const program = await child('ready(); if (starts > 0) process.exit(4);', {
      restartAfter: (failures) => (failures > 3 ? null : 1),
    });
    const failure = await (await started(program)).failed;
    expect(failure.message).toContain('The API stopped (exit code 4)');
    expect(await starts()).toBe(4);
  });

  it('that was stopped is not started again', async () => {
    const program = await child('ready();', { restartAfter: () => 0 });
    const supervised = await started(program);
    const pid = supervised.pid()!;
    await supervised.stop();
    expect(isAlive(pid)).toBe(false);
    expect(await starts()).toBe(1);
  });

  it('is not started again when it is stopped while it waits for its restart', async () => {
    const program = await child('ready();', { restartAfter: () => 60_000 });
    const supervised = await started(program);
    const pid = supervised.pid()!;
    process.kill(pid, 'SIGKILL');
    await expect.poll(() => isAlive(pid)).toBe(false);
    await supervised.stop();
    expect(await starts()).toBe(1);
  });

  it('is out of reach of Ctrl-C at the terminal, so that everything stops in order', async () => {
    const supervised = await started(await child('ready();'));
    const stat = await readFile(`/proc/${supervised.pid()!}/stat`, 'utf8').catch(() => null);
    // The fifth field is the process group: its own.
    if (stat !== null)
      expect(Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[2])).toBe(supervised.pid());
  });
});
