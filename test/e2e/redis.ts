import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Why no Redis can be started here, or null. */
export const redisMissing =
  spawnSync('redis-server', ['--version']).status === 0 ? null : 'there is no redis-server on this machine';

/** A Redis of the test's own: it keeps nothing on disk, and `stop` is kill -9. */
export async function startRedis(
  port = 20_000 + Math.floor(Math.random() * 20_000),
): Promise<{ readonly url: string; readonly port: number; readonly stop: () => Promise<void> }> {
  const folder = mkdtempSync(join(tmpdir(), 'lethe-redis-'));
  const server = spawn(
    'redis-server',
    ['--port', String(port), '--bind', '127.0.0.1', '--dir', folder, '--save', '', '--appendonly', 'no'],
    {
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  );
  const ended = once(server, 'exit');
  const ready = new Promise<void>((resolve, reject) => {
    let text = '';
    server.stdout.on('data', (chunk: Buffer) => {
      text += chunk.toString();
      if (text.includes('Ready to accept connections')) resolve();
    });
    void ended.then(() => {
      reject(new Error(`redis-server ended: ${text}`));
    });
  });
  await ready;
  const stop = async () => {
    server.kill('SIGKILL');
    await ended;
    rmSync(folder, { recursive: true, force: true });
  };
  return { url: `redis://127.0.0.1:${port}`, port, stop };
}
