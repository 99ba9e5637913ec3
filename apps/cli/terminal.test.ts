import { Writable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { outliveReader } from './terminal.js';

/** An output that fails with this code at the first line. */
const failingWith = (code: string) =>
  new Writable({
    write: (_chunk, _encoding, done) => {
      done(Object.assign(new Error('write failed'), { code }));
    },
  });

/** What nobody caught while two lines were written. */
async function uncaughtOf(output: Writable): Promise<readonly unknown[]> {
  const before = process.listeners('uncaughtException');
  const uncaught: unknown[] = [];
  process.removeAllListeners('uncaughtException');
  process.on('uncaughtException', (error) => uncaught.push(error));
  outliveReader(output);
  output.write('a line\n');
  await new Promise((resolve) => setTimeout(resolve, 5));
  output.write('another line\n');
  await new Promise((resolve) => setTimeout(resolve, 5));
  process.removeAllListeners('uncaughtException');
  for (const listener of before) process.on('uncaughtException', listener);
  return uncaught;
}

describe('a command whose output', () => {
  it('nobody reads any more goes on', async () => {
    expect(await uncaughtOf(failingWith('EPIPE'))).toEqual([]);
  });

  it('cannot be written for another reason ends', async () => {
    expect(await uncaughtOf(failingWith('ENOSPC'))).toMatchObject([{ code: 'ENOSPC' }]);
  });
});
