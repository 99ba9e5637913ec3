import { Inject, Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import type { Caller } from '#access';
import type { Clock, IdSource, SubjectRef, TenantId } from '#kernel';
import { AppendEntries } from '#ledger';
import { Transactions } from '#platform/database';
import { Outbox } from '#platform/outbox';
import { CLOCK, IDS } from '#platform/runtime';
import { deadlineOf, ReadPolicy } from '#policy';
import { identifierKey, ResolveSubjects, SuppressSubjects, type Identifier } from '#subjects';
import { planRequestsJob } from './jobs.js';
import { RequestsRepository, type Request } from './requests.repository.js';

/** What a caller gets back: one request per person, in the order given. */
export interface FiledRequest {
  readonly id: string;
  /** Whether it was filed now, or joined one that is still open for the same person. */
  readonly joined: boolean;
}

/** Tells the planner and the ledger about filed requests. */
@Injectable()
export class RecordFiling {
  constructor(
    private readonly outbox: Outbox,
    private readonly appendEntries: AppendEntries,
    @Inject(IDS) private readonly ids: IdSource,
  ) {}

  nextId(): string {
    return this.ids.next();
  }

  async execute(tx: EntityManager, tenant: TenantId, requests: readonly Request[]): Promise<void> {
    await this.outbox.add(tx, [planRequestsJob.bell({ tenantId: tenant })]);
    await this.appendEntries.execute(
      tx,
      tenant,
      requests.map(({ id, kind, subjectRef, asOf, deadline, policyVersion }) => ({
        kind: 'request.received' as const,
        subjectRef,
        data: {
          request: id,
          kind,
          asOf: asOf.toISOString(),
          deadline: deadline.toISOString(),
          policyVersion,
        },
      })),
    );
  }
}

/** Requests, suppressions and ledger entries of a batch, in the caller's transaction. */
@Injectable()
export class WriteRequests {
  constructor(
    private readonly repository: RequestsRepository,
    private readonly readPolicy: ReadPolicy,
    private readonly suppress: SuppressSubjects,
    private readonly record: RecordFiling,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  async execute(
    tx: EntityManager,
    tenant: TenantId,
    refs: readonly SubjectRef[],
    batchId: string | null,
  ): Promise<readonly FiledRequest[]> {
    const { version, policy } = await this.readPolicy.current(tx, tenant);
    const open = await this.repository.open(tx, tenant, refs);
    const asOf = this.clock.now();
    const fresh = [...new Set(refs.filter((ref) => !open.has(ref)))].map((subjectRef): Request => ({
      id: this.record.nextId(),
      batchId,
      kind: 'deletion',
      state: 'received',
      subjectRef,
      asOf,
      deadline: deadlineOf(policy, asOf).at,
      policyVersion: version,
      settledAt: null,
    }));
    if (fresh.length > 0) {
      await this.repository.insert(tx, tenant, fresh);
      await this.suppress.execute(
        tx,
        tenant,
        fresh.map(({ subjectRef }) => subjectRef),
        asOf,
      );
      await this.record.execute(tx, tenant, fresh);
    }
    const ids = new Map(fresh.map(({ subjectRef, id }) => [subjectRef, id]));
    return refs.map((ref) => {
      const joined = open.get(ref);
      return { id: joined ?? ids.get(ref) ?? '', joined: joined !== undefined };
    });
  }
}

/**
 * Accepts deletion requests. From the commit on, decisions and the guard deny for these people; what their stores hold
 * up to now is erased by the deadline.
 */
@Injectable()
export class FileRequests {
  constructor(
    private readonly transactions: Transactions,
    private readonly resolve: ResolveSubjects,
    private readonly writeRequests: WriteRequests,
    @Inject(IDS) private readonly ids: IdSource,
  ) {}

  /** An identifier never seen registers a subject: data may predate Lethe, and nobody learns who is known. */
  async execute(
    caller: Caller,
    subjects: readonly Identifier[],
    batch: boolean,
  ): Promise<{ readonly batchId: string | null; readonly requests: readonly FiledRequest[] }> {
    for (const subject of subjects) {
      caller.must('create', 'Request', { identifier: identifierKey(subject) });
    }
    const { tenant } = caller;
    const batchId = batch ? this.ids.next() : null;
    const requests = await this.transactions.run(tenant, async (tx) => {
      const refs = await this.resolve.execute(tx, tenant, subjects);
      return this.writeRequests.execute(tx, tenant, refs, batchId);
    });
    return { batchId, requests };
  }
}
