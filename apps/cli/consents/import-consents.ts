import { assertNever, DomainError } from '#kernel';
import type { Output } from '../output.js';
import { BrokenOff, type BulkApi, type Counts, type ImportNews } from './bulk-api.js';
import { countLines } from './count-lines.js';
import { RejectionReasons, renderReport, type ImportReport } from './import-report.js';
import { openSource, unreadable, type ByteStream, type Source } from './open-source.js';
import { importProgress, silent, type ImportProgress } from './progress.js';
import { RejectsFile } from './rejects-file.js';
import type { RowFormat } from './row-format.js';

export interface ImportOptions {
  /** `-`: standard input. */
  readonly file: string;
  readonly format?: RowFormat;
  readonly rejects?: string;
  readonly idempotencyKey?: string;
}

/**
 * `lethe consents import`: exit code 0 when every row is recorded, 2 when some were rejected. Throws DomainError when it broke
 * off, after it has said how far it came.
 */
export async function runImport(
  api: BulkApi,
  options: ImportOptions,
  output: Output,
  interrupted: Promise<void>,
): Promise<number> {
  const source = await openSource(options.file, options.format);
  const key = options.idempotencyKey ?? (await source.key());
  const rejects = await openRejects(options);
  const progress =
    output.json === undefined ? importProgress(source.name, source.size, process.stderr) : silent;
  const running = new RunningImport(source, rejects, progress);
  let fault: Error | undefined;
  try {
    fault = await running.run(api, key, interrupted);
  } finally {
    progress.stop();
    await rejects.close();
  }
  const report = running.report(key, fault === undefined);
  if (output.json === undefined) for (const line of renderReport(report, output.paint)) output.say(line);
  else output.json(report);
  if (fault !== undefined) throw howToGoOn(fault, report, options.idempotencyKey ?? source.size);
  return report.rejected === 0 ? 0 : 2;
}

async function openRejects({ file, rejects }: ImportOptions): Promise<RejectsFile> {
  const beside = `${file === '-' ? 'stdin' : file}.rejects.ndjson`;
  return RejectsFile.open(rejects ?? beside, rejects !== undefined, file);
}

/** One import: what goes out, and what has been answered so far. */
class RunningImport {
  private counts: Counts = { read: 0, recorded: 0, rejected: 0 };
  private readonly reasons = new RejectionReasons();
  private begun = false;
  private bytes = 0;
  private lines = 0;
  private unreadable: DomainError | undefined;

  constructor(
    private readonly source: Source,
    private readonly rejects: RejectsFile,
    private readonly progress: ImportProgress,
  ) {}

  /** Answers what ended it before its end; throws what kept it from beginning. */
  async run(api: BulkApi, key: string, interrupted: Promise<void>): Promise<Error | undefined> {
    const stopping = new AbortController();
    void interrupted.then(() => {
      stopping.abort();
    });
    const stream = this.source.open();
    const upload = { body: this.read(stream), format: this.source.format, key, signal: stopping.signal };
    try {
      for await (const news of api.import(upload)) await this.take(news);
      return undefined;
    } catch (error) {
      const fault = this.unreadable ?? error;
      if (fault instanceof BrokenOff || (this.begun && fault instanceof DomainError)) return fault;
      throw fault;
    } finally {
      stream.destroy();
    }
  }

  report(idempotencyKey: string, done: boolean): ImportReport {
    const reasons = this.reasons.list();
    const rejects = reasons.length === 0 ? null : this.rejects.path;
    return { file: this.source.name, idempotencyKey, done, ...this.counts, reasons, rejects };
  }

  private async take(news: ImportNews): Promise<void> {
    if (!this.begun) await this.rejects.begin();
    this.begun = true;
    switch (news.kind) {
      case 'rejected':
        this.reasons.add(news.row);
        await this.rejects.add(news.row);
        return;
      case 'progress':
      case 'done':
        this.counts = news.counts;
        this.progress.show(this.handled(), this.counts);
        return;
      default:
        assertNever(news);
    }
  }

  /** Bytes of the rows that were answered, about: what is only on its way is not done. */
  private handled(): number {
    const share = this.counts.read / Math.max(this.lines, 1);
    return Math.floor(this.bytes * Math.min(share, 1));
  }

  /** Keeps apart what is wrong with the file from what is wrong with the network. */
  private async *read(stream: ByteStream): AsyncGenerator<Uint8Array, void, undefined> {
    try {
      for await (const chunk of stream) {
        this.bytes += chunk.byteLength;
        this.lines += countLines(chunk);
        yield chunk;
      }
    } catch {
      this.unreadable = unreadable(this.source.name);
      throw this.unreadable;
    }
  }
}

/**
 * What is recorded is known by key and line for a week: this makes it safe to begin anew. `repeatable`: undefined where the
 * same command would come by another key.
 */
function howToGoOn(fault: Error, { idempotencyKey: key }: ImportReport, repeatable: unknown): DomainError {
  const mended = fault instanceof DomainError;
  const again = repeatable === undefined ? 'send the same input again' : 'run the same command again';
  const under = mended || repeatable === undefined ? ` with --idempotency-key ${key}` : '';
  return new DomainError(
    'conflict',
    'import.broke_off',
    [
      `The import broke off: ${fault.message}.`,
      'What is counted as recorded above is, and some rows after it may be.',
      `To go on, ${mended ? 'mend that and ' : ''}${again}${under}, within 7 days and with the same API key: what is recorded already is not recorded twice.`,
    ].join('\n'),
  );
}
