import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import type { Caller } from '#access';
import { DomainError, type StoreId, type SubjectRef, type TenantId } from '#kernel';
import { Transactions } from '#platform/database';
import {
  checkHold,
  HoldsRepository,
  PoliciesRepository,
  ReadPolicy,
  RecordHolds,
  type Hold,
  type HoldScope,
  type HoldView,
} from '#policy';
import { mayCover, scopeFaults } from '#policy/domain';
import { governed, StoresRepository, type RegisteredStore } from '#stores';
import { ResolveSubjects, type Identifier } from '#subjects';
import { FindHolds } from './find-holds.js';
import { HeldRepository } from './held.repository.js';

/** What a hold is to cover; parts that are left out name nothing, and so stand for everything. */
export type WantedScope = Partial<Omit<HoldScope, 'subjectRefs'>> & {
  readonly subjects?: readonly Identifier[];
};

/** A hold to be placed. */
export interface WantedHold extends Pick<Hold, 'basis' | 'matter' | 'reason'> {
  readonly scope: WantedScope;
  readonly until?: Date;
}

/** A batch that began before the hold, with what the hold would have held of it. */
export interface InFlight {
  readonly batchId: string;
  readonly startedAt: Date;
  readonly obligationIds: readonly string[];
}

/** A placed hold, and what its placer has to know. */
export type PlacedHold = HoldView & {
  /** In somebody's hands: it goes on. */
  readonly inFlight: readonly InFlight[];
  /** Datasets (`store/dataset`) where a person it names has no known key: nothing is swept from them while it lasts. */
  readonly unkeyed: readonly string[];
};

/** Finds whom and what a hold names, with registration and policy locked until it is placed. */
@Injectable()
export class CheckScope {
  constructor(
    private readonly resolve: ResolveSubjects,
    private readonly policies: PoliciesRepository,
    private readonly readPolicy: ReadPolicy,
    private readonly stores: StoresRepository,
  ) {}

  /** A person never seen is registered: their data may predate Lethe. Throws DomainError invalid `hold.names_nothing`. */
  async execute(tx: EntityManager, tenant: TenantId, wanted: WantedScope) {
    await this.policies.lock(tx, tenant);
    const stores = await this.stores.all(tx, tenant);
    const policy = (await this.readPolicy.find(tx, tenant))?.policy;
    const nobody: readonly SubjectRef[] = [];
    const scope = {
      subjectRefs: nobody,
      stores: wanted.stores ?? [],
      datasets: wanted.datasets ?? [],
      categories: wanted.categories ?? [],
      purposes: wanted.purposes ?? [],
      collectedFrom: wanted.collectedFrom ?? null,
      collectedUntil: wanted.collectedUntil ?? null,
    };
    const registered = stores.flatMap((store) => governed(store).datasets);
    const faults = scopeFaults(scope, registered, policy);
    const [first] = faults;
    if (first !== undefined)
      throw new DomainError('invalid', 'hold.names_nothing', first.message, {
        pointer: first.pointer,
        faults,
      });
    const subjectRefs = [...new Set(await this.resolve.execute(tx, tenant, wanted.subjects ?? []))];
    const touched = stores.filter(({ name, datasets }) => touches(scope, name, datasets));
    const unkeyed = await this.unkeyed(tx, tenant, subjectRefs, touched, (dataset) =>
      mayCover(
        scope,
        { dataset, upTo: latest, undated: true, moment: 'collected', onlyPurposes: null },
        policy?.purposes ?? {},
      ),
    );
    return { scope: { ...scope, subjectRefs }, touched, unkeyed };
  }

  private async unkeyed(
    tx: EntityManager,
    tenant: TenantId,
    refs: readonly SubjectRef[],
    stores: readonly RegisteredStore[],
    covers: (dataset: ReturnType<typeof governed>['datasets'][number]) => boolean,
  ): Promise<readonly string[]> {
    if (refs.length === 0) return [];
    const known = await this.resolve.identifiers(tx, tenant, refs);
    return stores.flatMap((store) =>
      governed(store)
        .datasets.filter((dataset) => {
          const type = store.datasets.find(({ name }) => name === dataset.dataset)?.identifier ?? '';
          return covers(dataset) && refs.some((ref) => known.get(ref)?.has(type) !== true);
        })
        .map(({ dataset }) => `${store.name}/${dataset}`),
    );
  }
}

/** Looks which batches are in flight, with their lanes locked until the hold is placed. */
@Injectable()
export class FindInFlight {
  constructor(
    private readonly held: HeldRepository,
    private readonly findHolds: FindHolds,
  ) {}

  async execute(
    tx: EntityManager,
    tenant: TenantId,
    hold: Hold,
    stores: readonly RegisteredStore[],
  ): Promise<readonly InFlight[]> {
    const byId = new Map<StoreId, RegisteredStore>(stores.map((store) => [store.id, store]));
    const flights = (await this.held.inFlight(tx, tenant, [...byId.keys()])).flatMap((flight) => {
      const { storeId, dataset } = flight.obligation;
      const store = byId.get(storeId);
      const isKnown = store?.datasets.some(({ name }) => name === dataset) === true;
      return store === undefined || !isKnown ? [] : [{ ...flight.obligation, store, flight }];
    });
    const people = flights.filter(({ cutOff }) => cutOff === null);
    const covered = new Set([...(await this.findHolds.ofPeople(tx, tenant, [hold], people)).keys()]);
    for (const one of flights) {
      const { store, dataset, moment, onlyPurposes, cutOff } = one;
      if (cutOff === null) continue;
      const work = { store, dataset, moment, onlyPurposes, cutOff };
      if ((await this.findHolds.ofSweep(tx, tenant, [hold], work)) !== undefined) covered.add(one);
    }
    const byBatch = Map.groupBy([...covered], ({ flight }) => flight.batchId);
    return [...byBatch].map(([batchId, own]) => ({
      batchId,
      startedAt: own[0]?.flight.startedAt ?? hold.since,
      obligationIds: own.map(({ id }) => id),
    }));
  }
}

/** Places a hold, effective at its commit: work that begins afterwards finds it. */
@Injectable()
export class PlaceHold {
  constructor(
    private readonly transactions: Transactions,
    private readonly holds: HoldsRepository,
    private readonly checkScope: CheckScope,
    private readonly findInFlight: FindInFlight,
    private readonly record: RecordHolds,
  ) {}

  /**
   * Throws DomainError as `checkHold` and `CheckScope` do, and conflict `tenant.not_active` when the tenant began to leave
   * meanwhile.
   */
  async execute(
    caller: Caller,
    wanted: WantedHold,
    made: { readonly id: string; readonly at: Date },
  ): Promise<PlacedHold> {
    caller.must('create', 'Hold', {});
    const { tenant, principal } = caller;
    const { basis, matter, reason } = wanted;
    return this.transactions.run(tenant, async (tx) => {
      if (!(await this.holds.stay(tx, tenant)))
        throw new DomainError('conflict', 'tenant.not_active', 'the tenant is leaving already');
      const { scope, touched, unkeyed } = await this.checkScope.execute(tx, tenant, wanted.scope);
      const hold: Hold = {
        id: made.id,
        basis,
        matter,
        reason,
        scope,
        placedBy: principal.actor,
        since: made.at,
        until: wanted.until ?? null,
        liftedBy: null,
        liftedAt: null,
        liftReason: null,
      };
      checkHold(hold, made.at);
      await this.holds.insert(tx, tenant, hold);
      const inFlight = await this.findInFlight.execute(tx, tenant, hold, touched);
      await this.record.placed(tx, tenant, hold);
      return { ...hold, state: 'active', inFlight, unkeyed };
    });
  }
}

const latest = new Date(8_640_000_000_000_000);

/** Whether a store has anything that a scope can be about; the finer parts are asked for each piece of work. */
function touches(
  { stores, datasets }: Pick<HoldScope, 'stores' | 'datasets'>,
  store: string,
  own: RegisteredStore['datasets'],
): boolean {
  if (stores.length > 0 && !stores.includes(store)) return false;
  return datasets.length === 0 || own.some(({ name }) => datasets.includes(`${store}/${name}`));
}
