import { setTimeout as sleep } from 'node:timers/promises';
import { Inject, Injectable, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { ContinueFailed, EndHolds, FindLostWork } from '#enforcement';
import { countPlansJob, PlansRepository } from '#impact';
import type { Clock } from '#kernel';
import { integrateLedgerJob, ReadLedger } from '#ledger';
import { eraseTenantJob, OffboardingRepository } from '#offboarding';
import { Transactions } from '#platform/database';
import { RelayOutbox } from '#platform/outbox';
import { Queues } from '#platform/queue';
import { BEATS, CLOCK, type Beats } from '#platform/runtime';
import { Log } from '#platform/telemetry';
import { planRequestsJob, PreviewsRepository, previewRequestsJob, RequestsRepository } from '#requests';
import { runSweepsJob, SweepsRepository } from '#retention';
import { Handlers } from './handlers.js';
import { MeasureWork } from './measure-work.js';
import { Stopping } from './stopping.js';

const idleMilliseconds = 25;

type Transaction = Parameters<FindLostWork['execute']>[0];

/** Rings for what the rows of tenants say is pending, outside of lanes. */
@Injectable()
export class LostTenantWork {
  constructor(
    private readonly requests: RequestsRepository,
    private readonly sweeps: SweepsRepository,
    private readonly ledger: ReadLedger,
    private readonly offboarding: OffboardingRepository,
    private readonly plans: PlansRepository,
  ) {}

  async find(tx: Transaction, now: Date) {
    const received = await this.requests.tenantsWithReceived(tx);
    const sweeps = await this.sweeps.tenantsWithRequested(tx);
    const unpublished = await this.ledger.pending(tx);
    const counting = await this.plans.tenantsWithCounting(tx, now);
    const erasing = await this.offboarding.erasing(tx);
    return [
      ...received.map((tenantId) => planRequestsJob.bell({ tenantId })),
      ...sweeps.map((tenantId) => runSweepsJob.bell({ tenantId })),
      ...counting.map((tenantId) => countPlansJob.bell({ tenantId })),
      ...unpublished.map((tenantId) => integrateLedgerJob.bell({ tenantId })),
      ...erasing.map((tenantId) => eraseTenantJob.bell({ tenantId })),
    ];
  }
}

/** Rings for what is to go on because a person asked, or a person or time decided so. */
@Injectable()
export class LostDecisions {
  constructor(
    private readonly endHolds: EndHolds,
    private readonly continueFailed: ContinueFailed,
    private readonly previews: PreviewsRepository,
  ) {}

  async find(tx: Transaction, now: Date) {
    const previews = await this.previews.tenantsWithWork(tx, now);
    return [
      ...(await this.endHolds.find(tx, now)),
      ...(await this.continueFailed.find(tx)),
      ...previews.map((tenantId) => previewRequestsJob.bell({ tenantId })),
    ];
  }
}

/** Rings for what the rows of each library say is pending. */
@Injectable()
export class LostBells {
  constructor(
    private readonly findLostWork: FindLostWork,
    private readonly tenantWork: LostTenantWork,
    private readonly decisions: LostDecisions,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(BEATS) private readonly beats: Beats,
  ) {}

  get every(): number {
    return this.beats.reconcileMilliseconds;
  }

  now(): Date {
    return this.clock.now();
  }

  async find(tx: Transaction) {
    return [
      ...(await this.findLostWork.execute(tx, this.now())),
      ...(await this.tenantWork.find(tx, this.now())),
      ...(await this.decisions.find(tx, this.now())),
    ];
  }
}

/** Finds pending work of every kind that no bell announces any more, and measures how late it is. */
@Injectable()
export class Reconcile {
  constructor(
    private readonly transactions: Transactions,
    private readonly lost: LostBells,
    private readonly measure: MeasureWork,
    private readonly log: Log,
  ) {}

  /** How long to wait before it looks again. */
  get pause(): number {
    return this.lost.every;
  }

  async execute() {
    const bells = await this.transactions.run(null, (tx) => this.lost.find(tx));
    await this.measure.execute(this.lost.now());
    return bells;
  }

  failed(error: unknown): number {
    this.log.failure('the relay could not work; it tries again', error);
    return 0;
  }
}

/** What keeps the bells ringing: the outbox relay, and a reconciler that rings for whatever was lost. */
@Injectable()
export class RelayBells implements OnApplicationBootstrap, OnApplicationShutdown {
  private loops: Promise<unknown> = Promise.resolve();

  constructor(
    private readonly relayOutbox: RelayOutbox,
    private readonly reconcile: Reconcile,
    private readonly queues: Queues,
    private readonly handlers: Handlers,
    private readonly stopping: Stopping,
  ) {}

  onApplicationBootstrap(): void {
    this.loops = Promise.all([
      this.repeat(idleMilliseconds, () =>
        this.relayOutbox.execute((bells) => this.queues.ring(this.handlers.jobs, bells)),
      ),
      this.repeat(this.reconcile.pause, async () => {
        await this.queues.ring(this.handlers.jobs, await this.reconcile.execute());
        return 0;
      }),
    ]);
  }

  async onApplicationShutdown(): Promise<void> {
    await this.loops;
  }

  /** Runs again at once while there is work, else after a pause; a failure is logged and waits like no work. */
  private async repeat(pause: number, work: () => Promise<number>): Promise<void> {
    while (!this.stopping.signal.aborted) {
      const moved = await work().catch((error: unknown) => this.reconcile.failed(error));
      if (moved === 0) await sleep(pause, undefined, { signal: this.stopping.signal }).catch(() => undefined);
    }
  }
}
