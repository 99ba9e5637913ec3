import type { JsonObject } from '#kernel';
import type { CameBack, Obligation } from '#enforcement';
import type { RegisteredStore } from '#stores';
import type { RequestState } from './settlement.js';

/** What an erasure receipt says of the request it closes. */
export interface ReceiptSubject {
  readonly requestId: string;
  readonly kind: string;
  readonly state: RequestState;
  readonly asOf: Date;
  readonly policyVersion: number;
  readonly settledAt: Date;
  /** The digest of the receipt that this one amends; null for the first. */
  readonly amends: string | null;
}

/**
 * The document of an erasure receipt: what was done in each dataset, to which level, and what a reader must know to
 * judge it. It names the person only by the pseudonym that the receipt's opening reveals.
 */
export function receiptDocument(
  origin: string,
  subject: ReceiptSubject,
  obligations: readonly (Obligation & CameBack)[],
  stores: readonly RegisteredStore[],
): JsonObject {
  return {
    type: 'lethe.erasure-receipt',
    version: 1,
    origin,
    request: subject.requestId,
    kind: subject.kind,
    state: subject.state,
    signalsCollectedUpTo: subject.asOf.toISOString(),
    settledAt: subject.settledAt.toISOString(),
    ...(subject.amends === null ? {} : { amends: subject.amends }),
    policyVersion: subject.policyVersion,
    parts: obligations.map((obligation) => part(obligation, stores)),
    unmappedStores: stores.filter(({ state }) => state === 'faulty').map(({ name }) => name),
    notes: [
      'Each part was read back by another query than the one that erased; "removed" means gone from the live structure and its indexes.',
      'Backups are outside this receipt until their horizon has passed; suppressions keep restored data from coming back.',
      'Storage media are out of scope (NIST SP 800-88).',
      ...(obligations.some(({ outcome }) => outcome === 'held') ? [onHolds] : []),
      ...(obligations.some(({ retainedUntil }) => retainedUntil !== null) ? [onRetention] : []),
      ...(obligations.some(({ readBackDueAt }) => readBackDueAt !== null) ? [onReadBacks] : []),
    ],
  };
}

const onHolds =
  'What is "held" is kept because of a legal hold, on the legal basis given. It goes when the hold is over; a further receipt then amends this one.';

const onRetention =
  'What has a "retainedUntil" is kept until then on the legal basis given, and erased afterwards; a further receipt then amends this one.';

const onReadBacks =
  'What has a "readBackDueAt" is read back once more then, because somebody may have written while it was erased; a further receipt then amends this one.';

function part(obligation: Obligation & CameBack, stores: readonly RegisteredStore[]): JsonObject {
  const store = stores.find(({ id }) => id === obligation.storeId);
  const dataset = store?.datasets.find(({ name }) => name === obligation.dataset);
  return {
    store: store?.name ?? obligation.storeId,
    dataset: obligation.dataset,
    outcome: obligation.outcome,
    fields: [...(dataset?.fields ?? [])],
    rows: obligation.rows,
    exact: obligation.exact,
    level: obligation.level,
    legalBasis: obligation.basis,
    ...retentionOf(obligation),
    error: obligation.error,
    backupHorizon: store?.backupHorizon ?? null,
    settledAt: obligation.settledAt?.toISOString() ?? null,
    ...readBackOf(obligation),
  };
}

function retentionOf({ retainedUntil }: Obligation): JsonObject {
  return retainedUntil === null ? {} : { retainedUntil: retainedUntil.toISOString() };
}

/** `confirmedAt`: a second read-back found nothing up to `signalsCollectedUpTo`. `cameBackAt`: an earlier one did, and it was erased again. */
function readBackOf({ readBack, readBackAt, readBackDueAt, cameBackAt }: Obligation & CameBack): JsonObject {
  return {
    readBackDueAt: readBackDueAt?.toISOString() ?? null,
    confirmedAt: readBack === 'confirmed' ? (readBackAt?.toISOString() ?? null) : null,
    cameBackAt: cameBackAt?.toISOString() ?? null,
  };
}
