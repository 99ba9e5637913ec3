import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import type { Caller } from '#access';
import { DomainError, type StoreId, type TenantId } from '#kernel';
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
  type Policy,
} from '#policy';
import { mayCover, scopeFaults } from '#policy/domain';
import { governed, StoresRepository, type RegisteredStore } from '#stores';
import type { Identifier } from '#subjects';
import { FindHolds } from './find-holds.js';
import { FindPeople, type NamedPeople } from './find-people.js';
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
    private readonly findPeople: FindPeople,
    private readonly policies: PoliciesRepository,
    private readonly readPolicy: ReadPolicy,
    private readonly stores: StoresRepository,
  ) {}

  /** Throws DomainError invalid `hold.names_nothing`. */
  async execute(tx: EntityManager, tenant: TenantId, wanted: WantedScope) {
    await this.policies.lock(tx, tenant);
    const stores = await this.stores.all(tx, tenant);
    const policy = (await this.readPolicy.find(tx, tenant))?.policy;
    const named = namesOf(wanted);
    const registered = stores.flatMap((store) => governed(store).datasets);
    const faults = scopeFaults(named, registered, policy);
    const [first] = faults;
    if (first !== undefined)
      throw new DomainError('invalid', 'hold.names_nothing', first.message, {
        pointer: first.pointer,
        faults,
      });
    const people = await this.findPeople.execute(tx, tenant, wanted.subjects ?? []);
    const { subjectRefs, erased } = people;
    const { collectedFrom = null, collectedUntil = null } = wanted;
    const scope: HoldScope = { ...named, subjectRefs, collectedFrom, collectedUntil };
    const touched = stores.filter(({ name, datasets }) => touches(scope, name, datasets));
    return { scope, erased, touched, unkeyed: unkeyed(scope, people, touched, policy?.purposes ?? {}) };
  }
}

function namesOf({ stores = [], datasets = [], categories = [], purposes = [] }: WantedScope) {
  return { stores, datasets, categories, purposes };
}

/** Datasets that a scope may be about and of which some person that it names has no key. */
function unkeyed(
  scope: HoldScope,
  { typesOf }: NamedPeople,
  stores: readonly RegisteredStore[],
  purposes: Policy['purposes'],
): readonly string[] {
  const any = { upTo: latest, undated: true, moment: 'collected', onlyPurposes: null };
  const people = [...typesOf.values()];
  return stores.flatMap((store) =>
    governed(store)
      .datasets.filter((dataset) => {
        const type = store.datasets.find(({ name }) => name === dataset.dataset)?.identifier ?? '';
        return people.some((types) => !types.has(type)) && mayCover(scope, { ...any, dataset }, purposes);
      })
      .map(({ dataset }) => `${store.name}/${dataset}`),
  );
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
      const { scope, erased, touched, unkeyed } = await this.checkScope.execute(tx, tenant, wanted.scope);
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
      await this.holds.insert(tx, tenant, hold, erased);
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
