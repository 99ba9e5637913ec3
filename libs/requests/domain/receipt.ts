import type { JsonObject } from '#kernel';
import type { Obligation } from '#enforcement';
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
}

/**
 * The document of an erasure receipt: what was done in each dataset, to which level, and what a reader must know to
 * judge it. It names the person only by the pseudonym that the receipt's opening reveals.
 */
export function receiptDocument(
  origin: string,
  subject: ReceiptSubject,
  obligations: readonly Obligation[],
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
    policyVersion: subject.policyVersion,
    parts: obligations.map((obligation) => part(obligation, stores)),
    unmappedStores: stores.filter(({ state }) => state === 'faulty').map(({ name }) => name),
    notes: [
      'Each part was read back by another query than the one that erased; "removed" means gone from the live structure and its indexes.',
      'Backups are outside this receipt until their horizon has passed; suppressions keep restored data from coming back.',
      'Storage media are out of scope (NIST SP 800-88).',
    ],
  };
}

function part(obligation: Obligation, stores: readonly RegisteredStore[]): JsonObject {
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
    error: obligation.error,
    backupHorizon: store?.backupHorizon ?? null,
    settledAt: obligation.settledAt?.toISOString() ?? null,
  };
}
