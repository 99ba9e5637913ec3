/** One thing that had to hold. */
export interface Check {
  readonly name: string;
  readonly expected: string | number | boolean;
  readonly found: string | number | boolean;
  readonly ok: boolean;
}

export interface StepReport {
  readonly step: number;
  readonly title: string;
  readonly milliseconds: number;
  readonly ok: boolean;
  readonly checks: readonly Check[];
}

/** What `--report` writes: ok only if every check of every step held. */
export interface Report {
  readonly ok: boolean;
  readonly signals: string;
  /** Lines of the signals that were left out on request. */
  readonly skippedLines: readonly string[];
  readonly startedAt: string;
  readonly milliseconds: number;
  readonly steps: readonly StepReport[];
  readonly error?: string;
}

/** Collects what a step found beside what it had to find. */
export class Checks {
  private readonly all: Check[] = [];

  equal<T extends string | number | boolean>(name: string, expected: T, found: T): void {
    this.all.push({ name, expected, found, ok: expected === found });
  }

  get list(): readonly Check[] {
    return this.all;
  }

  get ok(): boolean {
    return this.all.length > 0 && this.all.every((check) => check.ok);
  }
}
