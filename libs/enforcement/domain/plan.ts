import type { StoreId, SubjectRef } from '#kernel';
import { decide, holdsNow, type ConsentState, type DecisionRules, type Reason } from '#decisions';
import type { MappedDataset } from '#connector-kit';
import { dueFrom } from '#policy/domain';
import type { Disposal } from '#policy';
import type { Governance, RegisteredStore } from '#stores';

/** Why work arises, and what a plan needs to know of it. */
export type CauseKind = 'request' | 'withdrawal' | 'sweep' | 'reappearance';

/** A reason to erase something of one person. */
export interface SubjectCause {
  readonly kind: Exclude<CauseKind, 'sweep'>;
  readonly id: string;
  readonly subjectRef: SubjectRef;
  /** Signals collected up to and including this moment. */
  readonly asOf: Date;
  readonly deadline: Date;
  /** Only signals of which every purpose is among these; absent: everything. */
  readonly lostPurposes?: ReadonlySet<string>;
  /** Only these datasets (`store/dataset`); absent: all. */
  readonly datasets?: ReadonlySet<string>;
}

/** Why a dataset cannot be erased under a policy that keeps or redacts parts of its rows. */
export const onlyInParts = 'the policy wants parts of its rows redacted or kept, not removed';

/** The work for one dataset, before it has an id or a place in a lane. */
export interface PlannedObligation {
  readonly cause: SubjectCause;
  readonly storeId: StoreId;
  readonly laneId: string;
  readonly dataset: string;
  /** The subject's keys in the dataset, in the store's form. Empty when none is known, and then the work cannot be done. */
  readonly keys: readonly string[];
  readonly onlyPurposes: readonly string[] | null;
  /** What the policy makes of the dataset when a person is erased. */
  readonly disposal: Disposal;
  /** Source datasets (`store/dataset`) in the same plan that go first. */
  readonly awaits: readonly string[];
}

/** By identifier type, the values that a tenant knows a person by. */
export type IdentifiersByType = ReadonlyMap<string, readonly string[]>;

/**
 * Turns one cause into the obligations it leads to: one per dataset it touches, sources before what is derived from
 * them. Pure: the same map, policy, cause and identifiers give the same plan.
 */
export function plan(
  cause: SubjectCause,
  identifiers: IdentifiersByType,
  { stores, world }: Pick<Governance, 'stores' | 'world'>,
): readonly PlannedObligation[] {
  const disposal = (store: RegisteredStore, dataset: MappedDataset): Disposal =>
    world.datasets.get(datasetName(store, dataset))?.disposal ?? { kind: 'unsupported' };
  const planned = stores.flatMap((store) =>
    store.datasets.filter((dataset) => touches(cause, store, dataset)).map((dataset) => ({ store, dataset })),
  );
  // What is settled from the start releases nobody later, so nobody waits for it.
  const names = new Set(
    planned
      .filter(
        ({ store, dataset }) =>
          disposal(store, dataset).kind === 'purge' && identifiers.has(dataset.identifier),
      )
      .map(({ store, dataset }) => datasetName(store, dataset)),
  );
  return planned.map(({ store, dataset }) => ({
    cause,
    storeId: store.id,
    laneId: store.laneId,
    dataset: dataset.name,
    keys: identifiers.get(dataset.identifier) ?? [],
    onlyPurposes: cause.lostPurposes === undefined ? null : [...cause.lostPurposes].sort(),
    disposal: disposal(store, dataset),
    awaits: dataset.derivedFrom.filter((source) => names.has(source)),
  }));
}

/**
 * When the last of a person's signals, collected up to `asOf`, has been retained for as long as the policy says; null when it
 * gives no period, or nothing is retained.
 */
export function retainedUntil(disposal: Disposal, asOf: Date): Date | null {
  return disposal.kind === 'retain' && disposal.for !== null ? dueFrom(asOf, disposal.for) : null;
}

/** How one dataset is named across stores. */
export function datasetName(store: { readonly name: string }, dataset: { readonly name: string }): string {
  return `${store.name}/${dataset.name}`;
}

function touches(cause: SubjectCause, store: RegisteredStore, dataset: MappedDataset): boolean {
  if (cause.datasets !== undefined && !cause.datasets.has(datasetName(store, dataset))) return false;
  return cause.lostPurposes === undefined || mayHoldLost(dataset, cause.lostPurposes);
}

/** A dataset with constant purposes is touched when all of them are lost; one with a purpose per row always may be. */
function mayHoldLost(dataset: MappedDataset, lost: ReadonlySet<string>): boolean {
  if (dataset.purposesField !== undefined) return true;
  return dataset.purposes.length > 0 && dataset.purposes.every((purpose) => lost.has(purpose));
}

/** What a person is taken to have said of which the signals go. Where nobody was ever asked, nothing is lost. */
const losing: readonly Reason[] = [
  'consent.refused',
  'consent.withdrawn',
  'consent.objected',
  'consent.expired',
  'consent.invalidated',
];

/**
 * The purposes whose basis a person has taken away, by a no to themselves or to what they are part of. A purpose on which
 * they never spoke is not lost: data that predates the first answer is not deleted because another purpose was withdrawn. Nor
 * is one that has lapsed and rests on something else somewhere: where the person is decides then, and that is not known here.
 */
export function lostPurposes(
  states: ReadonlyMap<string, ConsentState>,
  rules: DecisionRules | undefined,
  now: Date,
): ReadonlySet<string> {
  const gone = [...states].filter(([name, state]) => !isIn(rules, name) && !holdsNow(state, now));
  const known = Object.entries(rules?.purposes ?? {}).filter(([name, purpose]) => {
    const declared = [purpose.legalBasis, ...Object.values(purpose.bases)].some(
      (basis) => basis !== 'consent',
    );
    return (declared || states.has(name)) && isLost(states, rules, name, declared, now);
  });
  return new Set([...gone, ...known].map(([name]) => name));
}

function isLost(
  states: ReadonlyMap<string, ConsentState>,
  rules: DecisionRules | undefined,
  purpose: string,
  declared: boolean,
  now: Date,
): boolean {
  const state = { revision: 0, rules, subjectKnown: true, suppressed: false, consents: states };
  const { reason } = decide(state, { purpose, optOutSignal: false, atLeast: undefined }, now);
  const lapsed = reason === 'consent.expired' || reason === 'consent.invalidated';
  return losing.includes(reason) && !(lapsed && declared);
}

function isIn(rules: DecisionRules | undefined, purpose: string): boolean {
  return rules !== undefined && Object.hasOwn(rules.purposes, purpose);
}

/**
 * What is still warranted of work that a withdrawal caused, just before it is done: purposes granted again meanwhile
 * are taken out, and undefined means that nothing is left to do (`superseded`).
 */
export function stillLost(
  planned: readonly string[],
  lostNow: ReadonlySet<string>,
  dataset: MappedDataset,
): readonly string[] | undefined {
  const still = planned.filter((purpose) => lostNow.has(purpose));
  return still.length > 0 && mayHoldLost(dataset, new Set(still)) ? still : undefined;
}
