import { Inject, Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import type { Clock, IdSource, SubjectRef, TenantId } from '#kernel';
import { AppendEntries } from '#ledger';
import { Sealer } from '#platform/crypto';
import { Outbox } from '#platform/outbox';
import { CLOCK, IDS } from '#platform/runtime';
import type { RegisteredStore } from '#stores';
import { ResolveSubjects } from '#subjects';
import { endOf } from './domain/end.js';
import { datasetName, type IdentifiersByType, type SubjectCause } from './domain/plan.js';
import { HoldPlanned, type HeldPlan } from './holds/hold-planned.js';
import { requestsSettledJob, wakeLaneJob } from './jobs.js';
import { keyContext, plainKeys } from './obligation.js';
import { ObligationsRepository, type NewObligation } from './obligations.repository.js';
import { DrawPlan } from './preview/draw-plan.js';
import { settledEntry, type SettledObligation } from './settled-entry.js';

/** Derived data waits this long for its source; a source that is down delays it no longer, and it is erased again afterwards. */
export const sourceGraceMilliseconds = 5_000;

/** Seals what a connector needs, and tells the ledger and the lanes about a plan. */
@Injectable()
export class RecordPlan {
  constructor(
    private readonly sealer: Sealer,
    private readonly outbox: Outbox,
    private readonly appendEntries: AppendEntries,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(IDS) private readonly ids: IdSource,
  ) {}

  now(): Date {
    return this.clock.now();
  }

  seal(tenant: TenantId, { planned, heldBy }: HeldPlan, at: Date): NewObligation {
    const { cause, keys, awaits, laneId, storeId, dataset, onlyPurposes } = planned;
    const id = this.ids.next();
    const end = endOf(planned, heldBy);
    const open = end.outcome === null;
    return {
      id,
      laneId,
      storeId,
      dataset,
      causeKind: cause.kind,
      causeId: cause.id,
      subjectRef: cause.subjectRef,
      sealedKey: open ? this.sealer.seal(plainKeys(keys), keyContext(tenant, id)) : null,
      onlyPurposes,
      moment: 'collected',
      cutOff: null,
      asOf: cause.asOf,
      deadline: cause.deadline,
      dueAt: open ? new Date(at.getTime() + (awaits.length > 0 ? sourceGraceMilliseconds : 0)) : null,
      awaits,
      ...end,
    };
  }

  async execute(
    tx: EntityManager,
    tenant: TenantId,
    causes: readonly SubjectCause[],
    obligations: readonly NewObligation[],
    settled: readonly SettledObligation[],
  ): Promise<void> {
    const lanes = new Set(obligations.filter(({ outcome }) => outcome === null).map(({ laneId }) => laneId));
    const bells = [...lanes].map((laneId) => wakeLaneJob.bell({ laneId }));
    const withWork = new Set(
      obligations.filter(({ outcome }) => outcome === null).map(({ causeId }) => causeId),
    );
    if (causes.some(({ id, kind }) => kind === 'request' && !withWork.has(id)))
      bells.push(requestsSettledJob.bell({ tenantId: tenant }));
    await this.outbox.add(tx, bells);
    const perCause = new Map<string, number>();
    for (const { causeId } of obligations) perCause.set(causeId, (perCause.get(causeId) ?? 0) + 1);
    const planned = causes.map((cause) => ({
      kind: 'obligations.planned' as const,
      subjectRef: cause.subjectRef,
      data: {
        cause: cause.kind,
        causeId: cause.id,
        asOf: cause.asOf.toISOString(),
        obligations: perCause.get(cause.id) ?? 0,
      },
    }));
    await this.appendEntries.execute(tx, tenant, [...planned, ...settled.map(settledEntry)]);
  }
}

/** Plans causes that concern people into obligations, in the caller's transaction, and rings the lanes. */
@Injectable()
export class PlanObligations {
  constructor(
    private readonly repository: ObligationsRepository,
    private readonly drawPlan: DrawPlan,
    private readonly resolve: ResolveSubjects,
    private readonly recordPlan: RecordPlan,
    private readonly holdPlanned: HoldPlanned,
  ) {}

  /**
   * One cause or ten thousand: the statements are the same few. `found` stands in for registered identifiers, for people
   * whose identifiers we have already forgotten.
   */
  async execute(
    tx: EntityManager,
    tenant: TenantId,
    causes: readonly SubjectCause[],
    policyVersion: number,
    found?: ReadonlyMap<SubjectRef, IdentifiersByType>,
  ): Promise<void> {
    if (causes.length === 0) return;
    const refs = [...new Set(causes.map((cause) => cause.subjectRef))];
    const identifiers = found ?? (await this.resolve.identifiers(tx, tenant, refs));
    const people = causes.map((cause) => ({
      cause,
      identifiers: identifiers.get(cause.subjectRef) ?? new Map(),
    }));
    const { stores, plan } = await this.drawPlan.execute(tx, tenant, people, policyVersion);
    const at = this.recordPlan.now();
    const obligations = plan.map((one) => this.recordPlan.seal(tenant, one, at));
    const open = new Map(causes.map((cause) => [cause.id, 0]));
    for (const { causeId, outcome } of obligations)
      if (outcome === null) open.set(causeId, (open.get(causeId) ?? 0) + 1);
    await this.repository.insertCauses(
      tx,
      tenant,
      causes.map(({ id, kind }) => ({ id, kind, open: open.get(id) ?? 0 })),
      at,
    );
    await this.repository.insert(tx, tenant, obligations, { policyVersion, at });
    const withKeys = obligations.map((obligation, index) => ({
      obligation,
      keys: plainKeys(plan[index]?.planned.keys ?? []),
    }));
    await this.holdPlanned.successors(tx, tenant, withKeys);
    const settled = bornSettled(obligations, stores, policyVersion);
    await this.recordPlan.execute(tx, tenant, causes, obligations, settled);
  }
}

/** No worker will ever settle these, so the plan tells the ledger of their end. */
function bornSettled(
  obligations: readonly NewObligation[],
  stores: readonly RegisteredStore[],
  policyVersion: number,
): readonly SettledObligation[] {
  const names = new Map(stores.map(({ id, name }) => [id, name]));
  return obligations
    .filter(({ outcome }) => outcome !== null)
    .map((obligation) => {
      const store = { name: names.get(obligation.storeId) ?? obligation.storeId };
      const dataset = datasetName(store, { name: obligation.dataset });
      return { ...obligation, dataset, rows: 0, exact: true, level: null, policyVersion };
    });
}
