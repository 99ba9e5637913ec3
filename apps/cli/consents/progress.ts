import cliProgress, { SingleBar, type Options } from 'cli-progress';
import { bytes, number } from './numbers.js';
import type { Counts } from './bulk-api.js';

/** Between two lines where there is no terminal, in milliseconds. */
const pause = 10_000;

interface Progress {
  readonly stop: () => void;
}

export interface ImportProgress extends Progress {
  /** `done`: bytes of the source. */
  readonly show: (done: number, counts: Counts) => void;
}

export interface ExportProgress extends Progress {
  readonly show: (rows: number, written: number) => void;
}

/** A bar on a terminal; elsewhere a line now and then. `size`: bytes of the source, where they are known. */
export function importProgress(
  name: string,
  size: number | undefined,
  stream: NodeJS.WriteStream,
): ImportProgress {
  const amount = size === undefined ? '{bytes}' : '{bytes} of {size}';
  const counted = '{recorded} recorded  {rejected} rejected';
  const bar = new LazyBar(stream, size ?? 0, {
    terminal:
      size === undefined
        ? `importing  ${amount}  ${counted}  {duration_formatted}`
        : `importing {bar} {percentage} %  ${amount}  ${counted}  {eta_formatted} left`,
    lines: `importing ${name}: ${amount}  ${counted}`,
  });
  return {
    show: (done, { recorded, rejected }) => {
      bar.show(done, {
        bytes: bytes(done),
        size: bytes(size ?? 0),
        recorded: number(recorded),
        rejected: number(rejected),
      });
    },
    stop: () => {
      bar.stop();
    },
  };
}

export function exportProgress(stream: NodeJS.WriteStream): ExportProgress {
  const format = 'exporting  {rows} rows  {bytes}';
  const bar = new LazyBar(stream, 0, { terminal: `${format}  {duration_formatted}`, lines: format });
  return {
    show: (rows, written) => {
      bar.show(rows, { rows: number(rows), bytes: bytes(written) });
    },
    stop: () => {
      bar.stop();
    },
  };
}

export const silent = { show: () => undefined, stop: () => undefined } as const;

/** Nothing is shown before there is something to show. */
class LazyBar {
  private bar: SingleBar | undefined;

  constructor(
    private readonly stream: NodeJS.WriteStream,
    private readonly total: number,
    private readonly formats: { readonly terminal: string; readonly lines: string },
  ) {}

  show(value: number, payload: Readonly<Record<string, string>>): void {
    if (this.bar !== undefined) {
      this.bar.update(value, payload);
      return;
    }
    this.bar = new SingleBar(this.options());
    this.bar.start(this.total, value, payload);
  }

  stop(): void {
    this.bar?.stop();
  }

  private options(): Options {
    const { stream, formats } = this;
    return {
      stream,
      format: stream.isTTY ? formats.terminal : formats.lines,
      hideCursor: true,
      barsize: 24,
      clearOnComplete: true,
      noTTYOutput: true,
      notTTYSchedule: pause,
      etaBuffer: 50,
      // Before anything is done it does not know, and then it gives no number.
      formatTime: (time, options, round) =>
        Number.isFinite(time) ? cliProgress.Format.TimeFormat(time, options, round) : '?',
    };
  }
}
