import { fork, type ChildProcess, type ForkOptions } from 'node:child_process';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

const loader = pathToFileURL(join(import.meta.dirname, 'load-typescript.mjs')).href;

/** Runs one of our sources as a process of its own, with an IPC channel: for what a test has to kill. */
export function runElsewhere(
  source: string,
  args: readonly string[] = [],
  options: ForkOptions = {},
  nodeArgs: readonly string[] = [],
): ChildProcess {
  return fork(source, args, {
    execArgv: ['--conditions=source', '--import', loader, ...nodeArgs],
    ...options,
  });
}

/** The first thing a process says over its channel; rejects when it ends without a word. */
export async function firstMessage<T>(child: ChildProcess): Promise<T> {
  return new Promise((resolve, reject) => {
    child.once('message', (message) => {
      resolve(message as T);
    });
    child.once('exit', (code, signal) => {
      reject(new Error(`the process ended (${code ?? signal ?? 'unknown'}) before it said anything`));
    });
  });
}
