import { fork, type ChildProcess } from 'node:child_process';
import { closeSync, readFileSync } from 'node:fs';
import { z } from 'zod';
import { DependencyError } from '#kernel';
import { openLogFile } from '#platform/embedded';

/** In MiB. Node's default lets each process keep some 100 MB more of garbage; whoever runs them apart chooses anew. */
const smallYoungGeneration = '--max-semi-space-size=16';

export interface Program {
  /** What a person calls it. */
  readonly name: string;
  readonly script: string;
  readonly env: Readonly<Record<string, string>>;
  /** Where its words go; to the terminal when null. */
  readonly logFile: string | null;
  /** Flags of the runtime; ours by default. */
  readonly execArgv?: readonly string[];
  /** How long to wait before a restart, by the number of failures in a row (from 1), in milliseconds; null gives up. */
  readonly restartAfter?: (failures: number) => number | null;
}

export interface Supervised {
  readonly pid: () => number | undefined;
  /** Settles when it failed for good; never when it was asked to stop. */
  readonly failed: Promise<Error>;
  readonly stop: () => Promise<void>;
}

/** What a child says over its channel once it serves. */
const readyMessage = z.object({ ready: z.literal(true), url: z.string().optional() });

const readyWithin = 60_000;
const stopWithin = 20_000;
/** One that ran this long did not fail because it could not start. */
const healthyAfter = 60_000;
const mostFailures = 5;
const backoff = (failures: number) => (failures > mostFailures ? null : 500 * 2 ** (failures - 1));

/**
 * Runs a program as a child until it is stopped, starting it again when it dies. Resolves once it is ready; rejects
 * with a DependencyError, and leaves no process, when it does not come up the first time.
 */
export async function supervise(program: Program): Promise<Supervised> {
  const supervision = new Supervision(program);
  await supervision.start();
  return { pid: () => supervision.pid, failed: supervision.failed, stop: () => supervision.stop() };
}

class Supervision {
  readonly failed: Promise<Error>;
  private fail: (error: Error) => void = () => undefined;
  private child: ChildProcess | undefined;
  private timer: NodeJS.Timeout | undefined;
  private failures = 0;
  private stopping = false;

  constructor(private readonly program: Program) {
    this.failed = new Promise((resolve) => {
      this.fail = resolve;
    });
  }

  get pid(): number | undefined {
    return this.child?.pid;
  }

  async start(): Promise<void> {
    const child = this.launch();
    const startedAt = performance.now();
    try {
      await ready(child, this.program);
    } catch (error) {
      await end(child);
      throw error;
    }
    this.watch(child, startedAt);
  }

  async stop(): Promise<void> {
    this.stopping = true;
    clearTimeout(this.timer);
    if (this.child !== undefined) await end(this.child);
  }

  private launch(): ChildProcess {
    const { script, env, logFile, execArgv = process.execArgv } = this.program;
    const log = logFile === null ? 'inherit' : openLogFile(logFile);
    // Detached, so that Ctrl-C at the terminal reaches us only, and everything stops in order.
    const options = {
      env,
      detached: true,
      execArgv: [...execArgv, smallYoungGeneration],
      stdio: ['ignore', log, log, 'ipc'],
    } satisfies Parameters<typeof fork>[2];
    this.child = fork(script, [], options);
    if (typeof log === 'number') closeSync(log);
    return this.child;
  }

  private watch(child: ChildProcess, startedAt: number): void {
    whenEnded(child, () => {
      if (this.stopping) return;
      this.failures = performance.now() - startedAt > healthyAfter ? 1 : this.failures + 1;
      const delay = (this.program.restartAfter ?? backoff)(this.failures);
      if (delay === null) this.fail(died(this.program, child));
      else this.timer = setTimeout(() => void this.restart(), delay);
    });
  }

  private async restart(): Promise<void> {
    const child = this.launch();
    const startedAt = performance.now();
    this.watch(child, startedAt);
    // One that hangs is ended, and its end is a failure like any other.
    await ready(child, this.program).catch(() => end(child));
  }
}

function ready(child: ChildProcess, program: Program): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      reject(
        new DependencyError(
          'timeout',
          `The ${program.name} is not ready after ${readyWithin / 1_000} s${hint(program)}`,
        ),
      );
    }, readyWithin);
    const settle = (action: () => void) => () => {
      clearTimeout(timer);
      action();
    };
    child.on('message', (message) => {
      if (readyMessage.safeParse(message).success) settle(resolve)();
    });
    whenEnded(
      child,
      settle(() => {
        reject(died(program, child));
      }),
    );
  });
}

/** Asks it to end; after a while, makes it. */
async function end(child: ChildProcess): Promise<void> {
  await new Promise<void>((resolve) => {
    const timer = setTimeout(() => child.kill('SIGKILL'), stopWithin);
    whenEnded(child, () => {
      clearTimeout(timer);
      resolve();
    });
    child.kill('SIGTERM');
  });
}

/** Calls back when it has ended, at once when it has already, and when it never began. */
function whenEnded(child: ChildProcess, callback: () => void): void {
  if (child.exitCode !== null || child.signalCode !== null) callback();
  else {
    child.once('exit', callback);
    child.once('error', () => {
      if (child.pid === undefined) callback();
    });
  }
}

function died(program: Program, child: ChildProcess): DependencyError {
  const how = child.signalCode === null ? `exit code ${child.exitCode ?? 'unknown'}` : child.signalCode;
  return new DependencyError('unexpected_response', `The ${program.name} stopped (${how})${hint(program)}`);
}

function hint({ logFile }: Program): string {
  if (logFile === null) return '';
  const last = readFileSync(logFile, 'utf8').trim().split('\n').at(-1) ?? '';
  return `. Its last words: ${last.slice(0, 500)}\nThe whole log: ${logFile}`;
}
