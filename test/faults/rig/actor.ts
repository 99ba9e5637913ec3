import { closeSync, mkdirSync, openSync, readSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { faultPoints, type FaultPoint } from '#platform/faults';
import { supervise, type Supervised } from '../../../apps/cli/supervise.js';

export type Signal = 'SIGKILL' | 'SIGSTOP';

/** What an actor tells the rig. */
export interface Ears {
  /** It passed a point, and gave itself the signal, if any. */
  passed(actor: Actor, point: FaultPoint, signal: Signal | undefined): void;
  /** It serves, for the first time or again. */
  ready(actor: Actor): void;
}

export interface ActorOptions {
  readonly name: string;
  readonly script: string;
  readonly folder: string;
  readonly env: Readonly<Record<string, string>>;
}

const lookEvery = 10;
/** At once, and a little later each time that it cannot even start, as while its database is down. */
const restartAfter = (failures: number) => Math.min((failures - 1) * 100, 500);

/**
 * One of our processes, run by the supervisor of `lethe start`, which starts it again whenever it dies. It takes orders from
 * the files of a folder (see processes/obey.mjs), and notes there which points it has passed.
 */
export class Actor {
  readonly control: string;
  readonly logFile: string;
  private supervised: Supervised | undefined;
  private watching: Promise<void> = Promise.resolve();
  private ended = false;
  /** How much of its journal was heard. */
  private heard = 0;
  /** Stopped processes and when they go on. */
  private readonly stalled = new Set<number>();

  constructor(
    private readonly options: ActorOptions,
    private readonly ears: Ears,
  ) {
    this.control = join(options.folder, 'control', options.name);
    this.logFile = join(options.folder, `${options.name}.log`);
    mkdirSync(this.control, { recursive: true });
    writeFileSync(join(this.control, 'journal'), '');
    writeFileSync(this.logFile, '');
  }

  get name(): string {
    return this.options.name;
  }

  async start(): Promise<void> {
    const { name, script, env } = this.options;
    const { logFile } = this;
    this.ended = false;
    this.watching = this.watch();
    this.supervised = await supervise({
      name,
      script,
      logFile,
      restartAfter,
      // What is built runs, whatever runs us.
      execArgv: [],
      env: { ...env, FAULTS_CONTROL: this.control },
    });
  }

  async stop(): Promise<void> {
    this.disarm();
    this.goOn();
    await this.supervised?.stop();
    this.ended = true;
    await this.watching;
  }

  /** Answers whether there was a process to signal. */
  signal(signal: Signal): boolean {
    const pid = this.supervised?.pid();
    if (pid === undefined || !send(pid, signal)) return false;
    if (signal === 'SIGSTOP') this.stalled.add(pid);
    return true;
  }

  /** Lets whoever stalls go on. */
  goOn(): void {
    for (const pid of this.stalled) send(pid, 'SIGCONT');
    this.stalled.clear();
  }

  /** The next process that passes the point gives itself the signal. */
  arm(point: FaultPoint, signal: Signal): void {
    writeFileSync(join(this.control, `at-${point}`), signal);
  }

  /** Takes back what has not happened. */
  disarm(): void {
    for (const point of faultPoints) rmSync(join(this.control, `at-${point}`), { force: true });
  }

  /** For the next process. */
  shiftClock(milliseconds: number): void {
    writeFileSync(join(this.control, 'clock'), milliseconds.toString());
  }

  private async watch(): Promise<void> {
    const file = openSync(join(this.control, 'journal'), 'r');
    const buffer = Buffer.alloc(65_536);
    let rest = '';
    while (!this.ended) {
      const bytes = readSync(file, buffer, 0, buffer.length, this.heard);
      this.heard += bytes;
      const lines = (rest + buffer.toString('utf8', 0, bytes)).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) this.hear(line);
      if (bytes === 0) await pause(lookEvery);
    }
    closeSync(file);
  }

  private hear(line: string): void {
    const [what, signal, pid] = line.split(' ');
    if (what === 'ready') this.ears.ready(this);
    if (signal === 'SIGSTOP') this.stalled.add(Number(pid));
    const point = faultPoints.find((known) => known === what);
    if (point !== undefined)
      this.ears.passed(this, point, signal === 'SIGKILL' || signal === 'SIGSTOP' ? signal : undefined);
  }
}

function send(pid: number, signal: NodeJS.Signals): boolean {
  try {
    process.kill(pid, signal);
    return true;
  } catch {
    return false;
  }
}
