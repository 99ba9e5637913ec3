import type { ConsentAction, ConsentsByPurpose, ConsentState } from '#decisions';
import { readAction } from './read-state.js';

/**
 * What a person said, as the statement of decisions tells it: for each purpose a line that begins with a line feed, of purpose, action,
 * since, end, number and notice, with tabs between. One text for each person is a tenth of what maps of objects take, and is
 * nothing to a garbage collector; only what a question asks for is ever read.
 */
export class ConsentLines implements ConsentsByPurpose {
  constructor(private readonly lines: string) {}

  get(purpose: string): ConsentState | undefined {
    const start = this.lines.indexOf(`\n${purpose}\t`);
    return start < 0 ? undefined : new ConsentLine(this.lines, start + purpose.length + 2);
  }
}

class ConsentLine implements ConsentState {
  readonly action: ConsentAction;
  readonly expiresAt: Date | null;
  private readonly sinceAt: number;
  private readonly endAt: number;
  private readonly numberAt: number;

  constructor(
    private readonly lines: string,
    actionAt: number,
  ) {
    this.sinceAt = lines.indexOf('\t', actionAt) + 1;
    this.endAt = lines.indexOf('\t', this.sinceAt) + 1;
    this.numberAt = lines.indexOf('\t', this.endAt) + 1;
    this.action = readAction(lines.slice(actionAt, this.sinceAt - 1));
    const end = lines.slice(this.endAt, this.numberAt - 1);
    this.expiresAt = end === '' ? null : new Date(Number(end));
  }

  get since(): Date {
    return new Date(Number(this.lines.slice(this.sinceAt, this.endAt - 1)));
  }

  get number(): number {
    return Number(this.lines.slice(this.numberAt, this.lines.indexOf('\t', this.numberAt)));
  }

  /** Any character may be in it, so it travels as JSON. */
  get noticeVersion(): string | null {
    const at = this.lines.indexOf('\t', this.numberAt) + 1;
    const next = this.lines.indexOf('\n', at);
    const text = this.lines.slice(at, next < 0 ? this.lines.length : next);
    const version: unknown = text === '' ? null : JSON.parse(text);
    if (version !== null && typeof version !== 'string') throw new TypeError('a notice version is a text');
    return version;
  }
}
