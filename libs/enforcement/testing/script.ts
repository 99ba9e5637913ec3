import type { DependencyCode } from '#kernel';

export type Verb = 'count' | 'purge' | 'verify' | 'countAges' | 'purgeBefore' | 'compact';

/** A call as the store saw it. */
export interface Call {
  readonly verb: Verb;
  readonly dataset: string;
  readonly subjects: readonly string[];
  /** What aborts the call. */
  readonly signal: AbortSignal;
}

/** Something that happens around a call: it may throw (a fault), wait (a stall), or write (a race). */
export interface Incident {
  readonly verb: Verb;
  /** Any dataset, when absent. */
  readonly dataset?: string;
  /** After: the store has done what was asked and has not answered yet. */
  readonly moment: 'before' | 'after';
  /** How many calls it meets; without it, all until `calm`. */
  readonly times?: number;
  act(): void | Promise<void>;
}

/** What goes wrong in a store, and what it was asked. */
export class Script {
  readonly calls: Call[] = [];
  /** People whom every call fails alone. */
  readonly failing = new Map<string, DependencyCode>();
  /** People whose rows an act leaves in place though it reports success. */
  readonly surviving = new Set<string>();
  private incidents: { readonly incident: Incident; left: number }[] = [];

  plan(incident: Incident): void {
    this.incidents.push({ incident, left: incident.times ?? Number.POSITIVE_INFINITY });
  }

  /** Nothing goes wrong any more. */
  calm(): void {
    this.incidents = [];
    this.failing.clear();
    this.surviving.clear();
  }

  callsOf(verb: Verb, dataset?: string): readonly Call[] {
    return this.calls.filter(
      (call) => call.verb === verb && (dataset === undefined || call.dataset === dataset),
    );
  }

  survives(key: string | null): boolean {
    return key !== null && this.surviving.has(key);
  }

  /** By index in the call. */
  failuresOf(subjects: readonly string[]): ReadonlyMap<number, DependencyCode> {
    const failures = new Map<number, DependencyCode>();
    for (const [index, subject] of subjects.entries()) {
      const code = this.failing.get(subject);
      if (code !== undefined) failures.set(index, code);
    }
    return failures;
  }

  async run<T>(call: Call, work: () => T): Promise<T> {
    const { verb, dataset } = call;
    this.calls.push(call);
    await this.meet(verb, dataset, 'before');
    const answer = work();
    await this.meet(verb, dataset, 'after');
    return answer;
  }

  private async meet(verb: Verb, dataset: string, moment: Incident['moment']): Promise<void> {
    for (const planned of this.incidents) {
      const { incident } = planned;
      const meets = incident.verb === verb && (incident.dataset ?? dataset) === dataset;
      if (!meets || incident.moment !== moment || planned.left === 0) continue;
      planned.left -= 1;
      await incident.act();
    }
  }
}

/** A door that a call waits at until the test opens it. */
export class Gate {
  /** Resolves when somebody has come to the gate. */
  readonly reached: Promise<void>;
  private arrive: () => void = () => undefined;
  private letThrough: () => void = () => undefined;
  private readonly opened: Promise<void>;

  constructor() {
    this.reached = new Promise((resolve) => (this.arrive = resolve));
    this.opened = new Promise((resolve) => (this.letThrough = resolve));
  }

  readonly wait = async (): Promise<void> => {
    this.arrive();
    await this.opened;
  };

  open(): void {
    this.letThrough();
  }
}
