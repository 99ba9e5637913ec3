import { Injectable } from '@nestjs/common';
import type { Caller } from '#access';
import { DomainError, type TenantId } from '#kernel';
import { Batcher } from '#platform/batching';
import { isDataError } from '#platform/database';
import { identifierKey } from '#subjects';
import type { ActorKind, ConsentInput } from './domain/consent.js';
import type { ConsentOutcome, ConsentWrite, RecordedConsent } from './domain/recorded.js';
import { WriteConsentBatch } from './write-consent-batch.js';

/** Idle tenants' batchers are dropped beyond this many. */
const mostBatchers = 1_000;
const largestBatch = 500;
/** While one is judged, the other is written. */
const batchesInFlight = 2;

/** Records consent events: event, state, ledger entry and outbox in one transaction that many callers share. */
@Injectable()
export class RecordConsent {
  private readonly batchers = new Map<TenantId, Batcher<ConsentWrite, ConsentOutcome>>();

  constructor(private readonly writeBatch: WriteConsentBatch) {}

  /**
   * Resolves once durable. A key is chosen by the caller: the same write sent again under it is answered alike and done once.
   * Throws DomainError for whatever the rules do not let pass, and then nothing was written. */
  async execute(caller: Caller, input: ConsentInput, idempotencyKey?: string): Promise<RecordedConsent> {
    const outcome = await this.batcher(caller.tenant).submit(writeOf(caller, input, idempotencyKey));
    if (outcome instanceof DomainError) throw outcome;
    return outcome;
  }

  /** Many at once, each judged for itself: an outcome or an error for each, in order. */
  async many(
    caller: Caller,
    inputs: readonly { readonly input: ConsentInput; readonly idempotencyKey: string | undefined }[],
  ): Promise<readonly ConsentOutcome[]> {
    const batcher = this.batcher(caller.tenant);
    return Promise.all(
      inputs.map(async ({ input, idempotencyKey }) => {
        const write = allowed(caller, input, idempotencyKey);
        return write instanceof DomainError ? write : batcher.submit(write);
      }),
    );
  }

  private batcher(tenant: TenantId): Batcher<ConsentWrite, ConsentOutcome> {
    const known = this.batchers.get(tenant);
    if (known !== undefined) return known;
    const flush = (writes: readonly ConsentWrite[]) => this.writeBatch.execute(tenant, writes);
    const batcher = new Batcher<ConsentWrite, ConsentOutcome>(
      flush,
      isDataError,
      largestBatch,
      batchesInFlight,
    );
    const [oldest] = this.batchers.keys();
    if (this.batchers.size >= mostBatchers && oldest !== undefined) this.batchers.delete(oldest);
    this.batchers.set(tenant, batcher);
    return batcher;
  }
}

/** Throws when the caller may not. A person acts as themself: only others can say that somebody else acted. */
function writeOf(caller: Caller, input: ConsentInput, idempotencyKey?: string): ConsentWrite {
  const { purpose, subject } = input;
  caller.must('create', 'Consent', { purpose, identifier: identifierKey(subject) });
  const own = actorKindOf(caller);
  const oneself = caller.principal.person !== null;
  if (oneself && input.actor !== undefined && input.actor.kind !== 'person')
    throw new DomainError('forbidden', 'actor.not_oneself', 'a person acts as themself', {
      pointer: '/actor/kind',
    });
  return { input, idempotencyKey, actor: caller.principal.actor, actorKind: own };
}

function allowed(
  caller: Caller,
  input: ConsentInput,
  idempotencyKey: string | undefined,
): ConsentWrite | DomainError {
  try {
    return writeOf(caller, input, idempotencyKey);
  } catch (error) {
    if (error instanceof DomainError) return error;
    throw error;
  }
}

/** Who acts where a write does not say: services pass on what people do, staff act themselves. */
function actorKindOf({ principal }: Caller): ActorKind {
  const staff = principal.roles.some((role) => role === 'administrator' || role === 'privacy_officer');
  return staff ? 'staff' : 'person';
}
