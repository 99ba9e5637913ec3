import { hash } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { ConsentRepository } from '#consent';
import { currentParts, ObligationsRepository } from '#enforcement';
import { canonicalJson, type Clock, type JsonObject, type TenantId } from '#kernel';
import { AppendEntries, ReadLedger } from '#ledger';
import { Transactions } from '#platform/database';
import { reach } from '#platform/faults';
import { CLOCK } from '#platform/runtime';
import { StoresRepository } from '#stores';
import { SuppressSubjects } from '#subjects';
import { receiptDocument } from './domain/receipt.js';
import { settledState, type RequestState } from './domain/settlement.js';
import { RequestsRepository, type Request } from './requests.repository.js';

const pageSize = 2_000;

interface SettledRequest {
  readonly request: Request;
  readonly state: RequestState;
  readonly document: JsonObject;
  /** Some of the person's data is still there, and is to go. */
  readonly isHeld: boolean;
}

/** Reads what became of each part and settles the requests; our own copies of erased people's identifiers go. */
@Injectable()
export class CloseRequests {
  constructor(
    private readonly repository: RequestsRepository,
    private readonly obligations: ObligationsRepository,
    private readonly stores: StoresRepository,
    private readonly ledger: ReadLedger,
    private readonly suppress: SuppressSubjects,
  ) {}

  async execute(
    tx: EntityManager,
    tenant: TenantId,
    causes: readonly string[],
    now: Date,
  ): Promise<readonly SettledRequest[]> {
    const requests = await this.repository.byIds(tx, tenant, causes);
    const parts = Map.groupBy(
      await this.obligations.ofCauses(tx, tenant, causes),
      (part): string => part.causeId,
    );
    const stores = await this.stores.all(tx, tenant);
    const issued = await this.repository.latestReceipts(tx, tenant, causes);
    const { origin } = await this.ledger.identity(tx, tenant);
    const settled = requests.map((request): SettledRequest => {
      const own = currentParts(parts.get(request.id) ?? []);
      const state = settledState(own);
      const { id: requestId, kind, asOf, policyVersion } = request;
      const settledAt = request.state === state ? (request.settledAt ?? now) : now;
      const amended = issued.get(requestId);
      const amends = amended === undefined ? null : digestOf(amended);
      return {
        request,
        state,
        isHeld: own.some(({ outcome }) => outcome === 'held'),
        document: receiptDocument(
          origin,
          { requestId, kind, state, asOf, policyVersion, settledAt, amends },
          own,
          stores,
        ),
      };
    });
    await this.repository.settle(
      tx,
      tenant,
      settled.map(({ request: { id }, state }) => ({ id, state })),
      now,
    );
    await this.obligations.closeCauses(tx, tenant, causes, now);
    await this.suppress.forget(tx, tenant, erased(settled));
    return settled;
  }
}

/** Puts the digest of each receipt's document in the ledger, so that a proof of the leaf proves the document. */
@Injectable()
export class WriteReceipts {
  constructor(
    private readonly repository: RequestsRepository,
    private readonly consent: ConsentRepository,
    private readonly appendEntries: AppendEntries,
  ) {}

  async execute(
    tx: EntityManager,
    tenant: TenantId,
    settled: readonly SettledRequest[],
    now: Date,
  ): Promise<void> {
    const entries = settled.flatMap(({ request, state, document }) => [
      {
        kind: 'request.settled' as const,
        subjectRef: request.subjectRef,
        data: { request: request.id, state },
      },
      {
        kind: 'receipt.issued' as const,
        subjectRef: request.subjectRef,
        data: { request: request.id, digest: digestOf(document) },
      },
    ]);
    const { first } = await this.appendEntries.execute(tx, tenant, entries);
    const receipts = settled.map(({ request, document }, index) => ({
      requestId: request.id,
      document,
      number: first + 2 * index + 1,
    }));
    await this.repository.insertReceipts(tx, tenant, receipts, now);
    // Consent rows are written under the tenant's counter, as every other writer of them does.
    await this.consent.forgetStates(tx, tenant, erased(settled));
  }
}

/** Settles requests whose obligations are all settled, and issues their receipts. */
@Injectable()
export class SettleRequests {
  constructor(
    private readonly transactions: Transactions,
    private readonly obligations: ObligationsRepository,
    private readonly writeReceipts: WriteReceipts,
    private readonly closeRequests: CloseRequests,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  async execute(tenant: TenantId): Promise<void> {
    for (;;) {
      const settled = await this.transactions.run(tenant, async (tx) => {
        const causes = await this.obligations.settledCauses(tx, tenant, 'request', pageSize);
        if (causes.length === 0) return 0;
        const now = this.clock.now();
        const requests = await this.closeRequests.execute(tx, tenant, causes, now);
        await this.writeReceipts.execute(tx, tenant, requests, now);
        reach('request.closed');
        return causes.length;
      });
      if (settled < pageSize) return;
    }
  }
}

/** base64(SHA-256) of a receipt's document as canonical JSON (RFC 8785). */
function digestOf(document: JsonObject): string {
  return hash('sha256', canonicalJson(document), 'base64');
}

/** Who is erased everywhere; of the others we keep what a person needs to finish the work, or what a hold knows them by. */
function erased(settled: readonly SettledRequest[]) {
  return settled
    .filter(({ state, isHeld }) => state !== 'partially_completed' && !isHeld)
    .map(({ request }) => request.subjectRef);
}
