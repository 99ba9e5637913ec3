import { once } from 'node:events';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';
import { runElsewhere } from './run-elsewhere.js';

/** Vitest's: one server per run, for every test file. It is a process of its own because Vitest resolves no `#name` here. */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  const child = runElsewhere(join(import.meta.dirname, 'processes', 'test-server.ts'), [], {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  const ended = once(child, 'exit');
  const started = await Promise.race([once(child, 'message'), ended.then(() => null)]);
  if (started === null) throw new Error('The PostgreSQL of the tests did not start; its words are above.');
  const [message] = started as [{ adminUrl: string; failure: string | null }];
  project.provide('testServer', message);
  return async () => {
    child.disconnect();
    await ended;
  };
}
