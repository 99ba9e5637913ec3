import type { Signal } from './host/signal.js';

/** Between the first attempt and the answer, by the clock of this machine. One thing is done after the other. */
export interface Span {
  readonly from: number;
  readonly to: number;
}

/** Whether a moment falls into a span, by clocks that may be off. */
export function isDuring({ from, to }: Span, moment: Date, skew: number): boolean {
  return from - skew <= moment.getTime() && moment.getTime() <= to + skew;
}

/** A row as it was put into a store. */
export interface Insertion extends Span {
  readonly dataset: string;
  readonly signal: Signal;
}

/** Somebody asked for people to be erased. Attempts that were not answered may have been accepted all the same. */
export interface Filing extends Span {
  /** By person, the request that was answered. */
  readonly requests: ReadonlyMap<string, string>;
}

/** What a person said about a purpose, in the order of answers. */
export interface Saying extends Span {
  readonly person: string;
  readonly purpose: string;
  readonly action: 'grant' | 'withdraw';
  /** The ledger's number of it. */
  readonly number: number;
}

/** A person registered, or registered anew. */
export interface Registration extends Span {
  readonly person: string;
  readonly ref: string;
}

/** Somebody asked for a store to be compared with the suppressions, or for the retention rules to be carried out. */
export interface Asked extends Span {
  readonly id: string;
  /** The name of the store, or `*`. */
  readonly store: string;
}

/** Something that has to stay while it is held. */
export interface Held {
  readonly id: string;
  readonly covers: (dataset: string, signal: Signal) => boolean;
  /** By dataset, what was there once the hold was placed; without those that a batch was in. */
  readonly there: ReadonlyMap<string, readonly Signal[]>;
}

/** Everything that was done to the system, in memory: from it alone follows what must be there at the end, and what must not. */
export class Model {
  readonly insertions: Insertion[] = [];
  readonly filings: Filing[] = [];
  readonly sayings: Saying[] = [];
  readonly registrations: Registration[] = [];
  readonly rescans: Asked[] = [];
  readonly sweeps: Asked[] = [];
  /** When the quiet period of everything that had been erased by then was over. */
  readonly readBacks: number[] = [];
  /** In force. */
  holds: readonly Held[] = [];
  /** What was held and is gone. */
  readonly losses: string[] = [];
  /** By dataset, what the last backup of it holds. */
  readonly backups = new Map<string, readonly Signal[]>();
  private readonly standing = new Map<string, { readonly suppressed: boolean; readonly since: number }>();
  private lastId = 0;

  nextId(): number {
    return ++this.lastId;
  }

  insertionsOf(person: string, dataset: string): readonly Insertion[] {
    return this.insertions.filter((one) => one.signal.person === person && one.dataset === dataset);
  }

  /** What a person had withdrawn, or refused, once they had said this much. */
  lostAfter(saying: Saying): ReadonlySet<string> {
    const last = new Map<string, Saying['action']>();
    for (const { person, purpose, action, number } of this.sayings)
      if (person === saying.person && number <= saying.number) last.set(purpose, action);
    return new Set([...last].filter(([, action]) => action === 'withdraw').map(([purpose]) => purpose));
  }

  /** Whether a person has allowed a purpose again after they had withdrawn it. */
  isAllowedAgain(saying: Saying, purpose: string): boolean {
    return this.sayings.some(
      ({ person, purpose: named, action, number }) =>
        person === saying.person && named === purpose && action === 'grant' && number > saying.number,
    );
  }

  /** The person is to be erased, or was, and has not registered anew. */
  isSuppressed(person: string): boolean {
    return this.standing.get(person)?.suppressed === true;
  }

  /** The same, and has been since before a moment. */
  isSuppressedSince(person: string, since: number): boolean {
    const standing = this.standing.get(person);
    return standing?.suppressed === true && standing.since < since;
  }

  file(filing: Filing): void {
    this.filings.push(filing);
    for (const person of filing.requests.keys())
      if (!this.isSuppressed(person)) this.standing.set(person, { suppressed: true, since: filing.to });
  }

  register(registration: Registration): void {
    this.registrations.push(registration);
    this.standing.set(registration.person, { suppressed: false, since: registration.to });
  }
}
