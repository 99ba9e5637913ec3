import { Inject, Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import type { Caller } from '#access';
import { DomainError, type Clock, type StoreId, type TenantId } from '#kernel';
import { AppendEntries, Conceal } from '#ledger';
import { Transactions } from '#platform/database';
import { Outbox } from '#platform/outbox';
import { CLOCK } from '#platform/runtime';
import { StoresRepository, type RegisteredStore } from '#stores';
import { HeldRepository } from '../holds/held.repository.js';
import { wakeLaneJob } from '../jobs.js';
import { ControlsRepository } from './controls.repository.js';
import { findControl, type StoreView } from './read-controls.js';

/** How a store is to be paused. */
export interface WantedPause {
  readonly reason: string;
  /** What is planned already is worked off first. */
  readonly drain?: boolean | undefined;
}

/** A batch that began before the pause: it goes on, and settles. */
export interface BatchInFlight {
  readonly batchId: string;
  readonly startedAt: Date;
  /** How many obligations of this store it has. */
  readonly obligations: number;
}

/** A paused store, and what its pauser has to know. */
export interface PausedStore {
  readonly store: StoreView;
  readonly inFlight: readonly BatchInFlight[];
}

/** Changes the pause of a store that the caller may change. */
@Injectable()
export class ChangePause {
  constructor(
    private readonly stores: StoresRepository,
    private readonly controls: ControlsRepository,
    private readonly appendEntries: AppendEntries,
    private readonly conceal: Conceal,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  async find(tx: EntityManager, caller: Caller, name: string): Promise<RegisteredStore> {
    const store = (await this.stores.all(tx, caller.tenant)).find((one) => one.name === name);
    if (store === undefined || !caller.may('read', 'Store', { store: name, region: store.region }))
      throw new DomainError('not_found', 'store.unknown', 'there is no store of this name');
    caller.must('update', 'Store', { store: name, region: store.region });
    return store;
  }

  async pause(
    tx: EntityManager,
    caller: Caller,
    store: RegisteredStore,
    wanted: WantedPause,
  ): Promise<StoreView> {
    const { tenant, principal } = caller;
    const at = this.clock.now();
    const { reason, drain: draining = false } = wanted;
    await this.controls.pause(tx, tenant, store.id, { at, by: principal.actor, reason, draining });
    const data = {
      store: store.name,
      draining,
      actor: this.conceal.actor(tenant, principal.actor),
      reasonDigest: this.conceal.reason(tenant, `${store.id}/${at.toISOString()}`, reason),
    };
    await this.appendEntries.execute(tx, tenant, [{ kind: 'store.paused', data }]);
    return this.view(tx, tenant, store.id);
  }

  /** Throws DomainError conflict `store.not_paused` when it is neither paused nor out of reach. */
  async resume(tx: EntityManager, caller: Caller, store: RegisteredStore): Promise<StoreView> {
    const { tenant, principal } = caller;
    const { pause, circuit } = await this.view(tx, tenant, store.id);
    if (pause === null && circuit.state === 'closed')
      throw new DomainError(
        'conflict',
        'store.not_paused',
        'this store is not paused, and its circuit is closed',
      );
    await this.controls.resume(tx, tenant, store.id, this.clock.now());
    const data = { store: store.name, actor: this.conceal.actor(tenant, principal.actor) };
    await this.appendEntries.execute(tx, tenant, [{ kind: 'store.resumed', data }]);
    return this.view(tx, tenant, store.id);
  }

  private async view(tx: EntityManager, tenant: TenantId, id: StoreId): Promise<StoreView> {
    return findControl(await this.controls.ofTenant(tx, tenant), id, this.clock.now());
  }
}

/** Keeps a store from being worked on until somebody resumes it. Deadlines do not wait. */
@Injectable()
export class PauseStore {
  constructor(
    private readonly transactions: Transactions,
    private readonly change: ChangePause,
    private readonly held: HeldRepository,
  ) {}

  /** Pausing anew changes the reason, and whether it drains. Throws DomainError not_found `store.unknown`. */
  async execute(caller: Caller, name: string, wanted: WantedPause): Promise<PausedStore> {
    const { tenant } = caller;
    return this.transactions.run(tenant, async (tx) => {
      const found = await this.change.find(tx, caller, name);
      // Takes the lane's lock, as whoever takes a batch does: the batch has seen the pause, or is told here.
      const flights = await this.held.inFlight(tx, tenant, [found.id]);
      const own = flights.filter(({ obligation }) => obligation.storeId === found.id);
      const store = await this.change.pause(tx, caller, found, wanted);
      const inFlight = [...Map.groupBy(own, ({ batchId }) => batchId)].map(([batchId, all]) => ({
        batchId,
        startedAt: all[0]?.startedAt ?? new Date(0),
        obligations: all.length,
      }));
      return { store, inFlight };
    });
  }
}

/** Ends a pause, and has a store whose circuit is open tried at once. */
@Injectable()
export class ResumeStore {
  constructor(
    private readonly transactions: Transactions,
    private readonly change: ChangePause,
    private readonly outbox: Outbox,
  ) {}

  /** Throws DomainError not_found `store.unknown`, and as `ChangePause` does. */
  async execute(caller: Caller, name: string): Promise<StoreView> {
    return this.transactions.run(caller.tenant, async (tx) => {
      const found = await this.change.find(tx, caller, name);
      await this.outbox.add(tx, [wakeLaneJob.bell({ laneId: found.laneId })]);
      return this.change.resume(tx, caller, found);
    });
  }
}
