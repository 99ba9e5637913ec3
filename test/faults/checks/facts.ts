import type { Signal } from '../host/signal.js';
import { isDuring, type Model } from '../model.js';
import type { ObligationRecord, Records } from '../records.js';

/** A checkpoint that was published. */
export interface SeenCheckpoint {
  readonly size: number;
  readonly root: string;
}

/** All that is known once everything has settled: what was done, what Lethe says of it, and what is there. */
export interface Facts {
  readonly model: Model;
  readonly records: Records;
  readonly present: ReadonlyMap<string, readonly Signal[]>;
  /** In the order in which they were published. */
  readonly checkpoints: readonly SeenCheckpoint[];
  /** By request, its receipt, and what is wrong with its proof. */
  readonly receipts: ReadonlyMap<
    string,
    { readonly document: ReceiptDocument; readonly faults: readonly string[] }
  >;
  /** Everything that our processes have ever logged. */
  readonly said: string;
  /** Milliseconds by which clocks were off at most. */
  readonly skew: number;
}

export interface ReceiptDocument {
  readonly state: string;
  readonly signalsCollectedUpTo: string;
  readonly parts: readonly {
    readonly store: string;
    readonly dataset: string;
    readonly outcome: string;
    readonly rows: number;
    readonly exact: boolean;
  }[];
}

/**
 * Whom a pseudonym stands for, as far as the run was ever told. Of a batch that was accepted and never answered, it is one
 * of those who were named.
 */
export function peopleByRef({ model, records, skew }: Facts): PeopleByRef {
  const people = new Map(model.registrations.map(({ ref, person }) => [ref, [person]]));
  const said = new Map(model.sayings.map(({ number, person }) => [number, person]));
  for (const { number, ref } of records.consents) {
    const person = said.get(number);
    if (person !== undefined) people.set(ref, [person]);
  }
  const answered = new Map(
    model.filings.flatMap(({ requests }) => [...requests].map(([person, id]) => [id, person] as const)),
  );
  for (const { id, ref, asOf } of records.requests) {
    const person = answered.get(id);
    if (person !== undefined) people.set(ref, [person]);
    if (people.has(ref)) continue;
    // Accepted and never answered: its moment says when that was.
    const filings = model.filings.filter((filing) => isDuring(filing, asOf, skew));
    people.set(ref, [...new Set(filings.flatMap(({ requests }) => [...requests.keys()]))]);
  }
  return people;
}
type PeopleByRef = ReadonlyMap<string, readonly string[]>;

/** Whether an obligation is about a signal, whoever it belongs to. */
export function selects({ cutOff, asOf, onlyPurposes }: ObligationRecord, { at, purposes }: Signal): boolean {
  const aged = cutOff === null ? at <= asOf : at < cutOff;
  if (!aged || onlyPurposes === null) return aged;
  return purposes.length > 0 && purposes.every((purpose) => onlyPurposes.includes(purpose));
}
