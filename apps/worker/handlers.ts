import { Injectable } from '@nestjs/common';
import { ExpireConsents, expireConsentsJob, planWithdrawalsJob } from '#consent';
import {
  ContinueFailed,
  continueFailedJob,
  PlanWithdrawals,
  ReleaseHeld,
  requestsSettledJob,
  RescanStores,
  rescanStoresJob,
  RunLane,
  sweepsSettledJob,
  wakeLaneJob,
} from '#enforcement';
import { CountPlans, countPlansJob } from '#impact';
import { tenantId } from '#kernel';
import { IntegrateEntries, integrateLedgerJob } from '#ledger';
import { EraseTenant, eraseTenantJob, WorkUnlessErasing } from '#offboarding';
import type { Job } from '#platform/queue';
import { holdsOverJob } from '#policy';
import { CountPreviews, PlanRequests, planRequestsJob, previewRequestsJob, SettleRequests } from '#requests';
import { RunSweeps, runSweepsJob, SettleSweeps } from '#retention';
import { CheckStores, checkStoresJob } from '#stores';
import { Stopping } from './stopping.js';

/** One kind of job and what it picks; the use case does everything that is pending, so repeats are harmless. */
export interface Handler {
  readonly job: Job;
  handle(payload: unknown): Promise<unknown>;
}

/** The handlers that concern stores. */
@Injectable()
export class StoreHandlers {
  readonly list: readonly Handler[];

  constructor(runLane: RunLane, rescanStores: RescanStores, checkStores: CheckStores, stopping: Stopping) {
    this.list = [
      {
        job: wakeLaneJob,
        handle: (payload) => runLane.execute(wakeLaneJob.parse(payload).laneId, stopping.signal),
      },
      {
        job: rescanStoresJob,
        handle: (payload) =>
          rescanStores.execute(tenantId(rescanStoresJob.parse(payload).tenantId), stopping.signal),
      },
      {
        job: checkStoresJob,
        handle: (payload) => checkStores.execute(tenantId(checkStoresJob.parse(payload).tenantId)),
      },
    ];
  }
}

/** The handlers that concern policies and previews, and what people decide about held and failed work. */
@Injectable()
export class PolicyHandlers {
  readonly list: readonly Handler[];

  constructor(
    countPlans: CountPlans,
    countPreviews: CountPreviews,
    releaseHeld: ReleaseHeld,
    continueFailed: ContinueFailed,
    stopping: Stopping,
  ) {
    this.list = [
      {
        job: continueFailedJob,
        handle: (payload) => continueFailed.execute(tenantId(continueFailedJob.parse(payload).tenantId)),
      },
      {
        job: holdsOverJob,
        handle: (payload) => releaseHeld.execute(tenantId(holdsOverJob.parse(payload).tenantId)),
      },
      {
        job: countPlansJob,
        handle: (payload) =>
          countPlans.execute(tenantId(countPlansJob.parse(payload).tenantId), stopping.signal),
      },
      {
        job: previewRequestsJob,
        handle: (payload) =>
          countPreviews.execute(tenantId(previewRequestsJob.parse(payload).tenantId), stopping.signal),
      },
    ];
  }
}

/** The handlers that concern people's requests and consents. */
@Injectable()
export class RequestHandlers {
  readonly list: readonly Handler[];

  constructor(
    planRequests: PlanRequests,
    settleRequests: SettleRequests,
    planWithdrawals: PlanWithdrawals,
    expireConsents: ExpireConsents,
  ) {
    this.list = [
      {
        job: expireConsentsJob,
        handle: (payload) => expireConsents.execute(tenantId(expireConsentsJob.parse(payload).tenantId)),
      },
      {
        job: planRequestsJob,
        handle: (payload) => planRequests.execute(tenantId(planRequestsJob.parse(payload).tenantId)),
      },
      {
        job: requestsSettledJob,
        handle: (payload) => settleRequests.execute(tenantId(requestsSettledJob.parse(payload).tenantId)),
      },
      {
        job: planWithdrawalsJob,
        handle: (payload) => planWithdrawals.execute(tenantId(planWithdrawalsJob.parse(payload).tenantId)),
      },
    ];
  }
}

/** The handlers that concern retention, the ledger and tenants that leave. */
@Injectable()
export class UpkeepHandlers {
  readonly list: readonly Handler[];

  constructor(
    runSweeps: RunSweeps,
    settleSweeps: SettleSweeps,
    integrateEntries: IntegrateEntries,
    eraseTenant: EraseTenant,
    stopping: Stopping,
  ) {
    this.list = [
      {
        job: runSweepsJob,
        handle: (payload) =>
          runSweeps.execute(tenantId(runSweepsJob.parse(payload).tenantId), stopping.signal),
      },
      {
        job: sweepsSettledJob,
        handle: (payload) => settleSweeps.execute(tenantId(sweepsSettledJob.parse(payload).tenantId)),
      },
      {
        job: integrateLedgerJob,
        handle: (payload) => integrateEntries.execute(tenantId(integrateLedgerJob.parse(payload).tenantId)),
      },
      {
        job: eraseTenantJob,
        handle: (payload) =>
          eraseTenant.execute(tenantId(eraseTenantJob.parse(payload).tenantId), stopping.signal),
      },
    ];
  }
}

/** What goes on when a tenant is being erased: its log, and the erasure itself. */
const evenWhileErasing: readonly Job[] = [integrateLedgerJob, eraseTenantJob];

/** Every handler, by kind; two of one kind do not start. */
@Injectable()
export class Handlers {
  readonly byKind: ReadonlyMap<string, Handler>;

  constructor(
    stores: StoreHandlers,
    policies: PolicyHandlers,
    requests: RequestHandlers,
    upkeep: UpkeepHandlers,
    unlessErasing: WorkUnlessErasing,
  ) {
    const byKind = new Map<string, Handler>();
    for (const handler of [...stores.list, ...policies.list, ...requests.list, ...upkeep.list]) {
      const { job } = handler;
      if (byKind.has(job.kind)) throw new Error(`two handlers for jobs of kind ${job.kind}`);
      const guarded: Handler = {
        job,
        handle: (payload) => unlessErasing.execute(payload, () => handler.handle(payload)),
      };
      byKind.set(job.kind, evenWhileErasing.includes(job) ? handler : guarded);
    }
    this.byKind = byKind;
  }

  get jobs(): ReadonlyMap<string, Job> {
    return new Map([...this.byKind].map(([kind, { job }]) => [kind, job]));
  }
}
