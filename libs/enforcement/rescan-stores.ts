import { Inject, Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import type { Caller } from '#access';
import type { MappedDataset } from '#connector-kit';
import {
  DependencyError,
  DomainError,
  isUuid,
  type Clock,
  type IdSource,
  type SubjectRef,
  type TenantId,
} from '#kernel';
import { AppendEntries } from '#ledger';
import { Transactions } from '#platform/database';
import { reach } from '#platform/faults';
import { Outbox } from '#platform/outbox';
import { CLOCK, IDS } from '#platform/runtime';
import { deadlineOf, ReadPolicy } from '#policy';
import { OpenStore, ServedStores, StoresRepository, type RegisteredStore } from '#stores';
import { SuppressSubjects } from '#subjects';
import { datasetName, type SubjectCause } from './domain/plan.js';
import { HeldRepository } from './holds/held.repository.js';
import { rescanStoresJob } from './jobs.js';
import { PlanObligations } from './plan-obligations.js';
import { RescansRepository, type Rescan } from './rescans.repository.js';

/** Asks for a re-scan of a store, and tells how one went. */
@Injectable()
export class RequestRescan {
  constructor(
    private readonly transactions: Transactions,
    private readonly repository: RescansRepository,
    private readonly stores: StoresRepository,
    private readonly outbox: Outbox,
    @Inject(IDS) private readonly ids: IdSource,
  ) {}

  /** Throws DomainError not_found `store.unknown`. */
  async execute(caller: Caller, storeName: string, at: Date): Promise<string> {
    const { tenant } = caller;
    return this.transactions.run(tenant, async (tx) => {
      const store = (await this.stores.all(tx, tenant)).find(
        ({ name, region }) => name === storeName && caller.may('read', 'Store', { store: name, region }),
      );
      if (store === undefined)
        throw new DomainError('not_found', 'store.unknown', 'no store of this name is registered');
      caller.must('update', 'Store', { store: store.name, region: store.region });
      const id = this.ids.next();
      await this.repository.insert(tx, tenant, { id, storeId: store.id, at });
      await this.outbox.add(tx, [rescanStoresJob.bell({ tenantId: tenant })]);
      return id;
    });
  }

  /** Throws DomainError not_found `rescan.unknown`. */
  async find(caller: Caller, id: string): Promise<Rescan> {
    const { tenant } = caller;
    const found = isUuid(id)
      ? await this.transactions.run(tenant, async (tx) => ({
          rescan: await this.repository.find(tx, tenant, id),
          stores: await this.stores.all(tx, tenant),
        }))
      : undefined;
    const rescan = found?.rescan;
    const store = found?.stores.find((one) => one.id === rescan?.storeId);
    const visible =
      store !== undefined && caller.may('read', 'Store', { store: store.name, region: store.region });
    if (rescan === undefined || !visible)
      throw new DomainError('not_found', 'rescan.unknown', 'no re-scan has this id');
    return rescan;
  }
}

/** Erased data that came back is erased again, whoever wrote it. */
@Injectable()
export class PlanReappearance {
  constructor(
    private readonly readPolicy: ReadPolicy,
    private readonly planObligations: PlanObligations,
    private readonly appendEntries: AppendEntries,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(IDS) private readonly ids: IdSource,
  ) {}

  async execute(
    tx: EntityManager,
    tenant: TenantId,
    dataset: string,
    identifierType: string,
    people: readonly { readonly ref: SubjectRef; readonly key: string }[],
  ): Promise<void> {
    if (people.length === 0) return;
    const { version, policy } = await this.readPolicy.current(tx, tenant);
    const asOf = this.clock.now();
    const deadline = deadlineOf(policy, asOf).at;
    const keysOf = new Map<SubjectRef, string[]>();
    for (const { ref, key } of people) keysOf.set(ref, [...(keysOf.get(ref) ?? []), key]);
    const refs = [...keysOf.keys()];
    const causes = refs.map((ref): SubjectCause => ({
      kind: 'reappearance',
      id: this.ids.next(),
      subjectRef: ref,
      asOf,
      deadline,
      datasets: new Set([dataset]),
    }));
    const found = new Map([...keysOf].map(([ref, keys]) => [ref, new Map([[identifierType, keys]])]));
    await this.planObligations.execute(tx, tenant, causes, version, found);
    await this.appendEntries.execute(
      tx,
      tenant,
      refs.map((ref) => ({ kind: 'signals.reappeared' as const, subjectRef: ref, data: { dataset } })),
    );
  }
}

/** Compares one dataset's subject keys with the suppressions. */
@Injectable()
export class ScanDataset {
  constructor(
    private readonly transactions: Transactions,
    private readonly openStore: OpenStore,
    private readonly suppress: SuppressSubjects,
    private readonly planReappearance: PlanReappearance,
    private readonly held: HeldRepository,
  ) {}

  async execute(tenant: TenantId, store: RegisteredStore, dataset: MappedDataset, signal: AbortSignal) {
    const connector = await this.openStore.execute(tenant, store);
    let keys = 0;
    let found = 0;
    for await (const page of connector.keys(dataset, signal)) {
      keys += page.length;
      const identifiers = page.map((value) => ({ type: dataset.identifier, value }));
      found += await this.transactions.run(tenant, async (tx) => {
        const suppressed = await this.suppress.among(tx, tenant, identifiers);
        const place = { storeId: store.id, dataset: dataset.name };
        const held = await this.held.waiting(tx, tenant, place, [...suppressed.values()]);
        const people = [...suppressed]
          .filter(([, ref]) => !held.has(ref))
          .map(([index, ref]) => ({ ref, key: page[index] ?? '' }));
        await this.planReappearance.execute(
          tx,
          tenant,
          datasetName(store, dataset),
          dataset.identifier,
          people,
        );
        reach('rescan.planned');
        return people.length;
      });
    }
    return { keys, found };
  }
}

/** Carries out requested re-scans: streams each dataset's keys, looks them up hashed, and plans what came back. */
@Injectable()
export class RescanStores {
  constructor(
    private readonly transactions: Transactions,
    private readonly repository: RescansRepository,
    private readonly served: ServedStores,
    private readonly scanDataset: ScanDataset,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** Throws Elsewhere when stores of other regions are left. */
  async execute(tenant: TenantId, signal: AbortSignal): Promise<void> {
    const { rescans, stores } = await this.transactions.run(tenant, async (tx) => ({
      rescans: await this.repository.requested(tx, tenant),
      stores: await this.served.all(tx, tenant),
    }));
    const elsewhere: RegisteredStore[] = [];
    for (const rescan of rescans) {
      const store = stores.find(({ id }) => id === rescan.storeId);
      if (store !== undefined && !this.served.serves(store)) {
        elsewhere.push(store);
        continue;
      }
      const result =
        store === undefined
          ? { ...rescan, state: 'failed' as const, error: 'store.unknown' }
          : await this.scan(tenant, rescan, store, signal);
      await this.transactions.run(tenant, (tx) =>
        this.repository.finish(tx, tenant, result, this.clock.now()),
      );
    }
    this.served.requireAll(elsewhere);
  }

  private async scan(
    tenant: TenantId,
    rescan: Rescan,
    store: RegisteredStore,
    signal: AbortSignal,
  ): Promise<Rescan> {
    let keys = 0;
    let found = 0;
    try {
      for (const dataset of store.datasets) {
        const counts = await this.scanDataset.execute(tenant, store, dataset, signal);
        keys += counts.keys;
        found += counts.found;
      }
      return { ...rescan, state: 'finished', keys, found };
    } catch (error) {
      if (!(error instanceof DependencyError)) throw error;
      return { ...rescan, state: 'failed', keys, found, error: error.code };
    }
  }
}
