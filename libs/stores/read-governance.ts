import { Inject, Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import type { MappedDataset } from '#connector-kit';
import { DependencyError, type Clock, type TenantId } from '#kernel';
import { CLOCK } from '#platform/runtime';
import {
  govern,
  ReadPolicy,
  type GovernedDataset,
  type GovernedStore,
  type GovernedWorld,
  type Policy,
} from '#policy';
import type { RegisteredStore } from './domain/registered-store.js';
import { StoresRepository } from './stores.repository.js';

/** A tenant's stores under a policy. */
export interface Governance {
  readonly version: number;
  readonly policy: Policy;
  readonly stores: readonly RegisteredStore[];
  readonly world: GovernedWorld;
}

/** What the policy makes of what is registered. */
@Injectable()
export class ReadGovernance {
  constructor(
    private readonly stores: StoresRepository,
    private readonly readPolicy: ReadPolicy,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** Under the policy in force, or under the version that the work in question pinned. Throws DomainError conflict `policy.missing`. */
  async execute(tx: EntityManager, tenant: TenantId, pinned?: number): Promise<Governance> {
    const { version, policy } =
      pinned === undefined
        ? await this.readPolicy.current(tx, tenant)
        : await this.readPolicy.pinned(tx, tenant, pinned);
    const stores = await this.stores.all(tx, tenant);
    return { version, policy, stores, world: govern(policy, stores.map(governed), this.clock.now()) };
  }
}

/** A store as a policy sees it. */
export function governed(store: Pick<RegisteredStore, 'name' | 'level' | 'datasets'>): GovernedStore {
  const { name, level, datasets } = store;
  return { name, level, datasets: datasets.map((dataset) => governedDataset(name, dataset)) };
}

function governedDataset(store: string, dataset: MappedDataset): GovernedDataset {
  const { name, subjectKey, collectedAt, purposesField, purposes, fieldRules } = dataset;
  const moments = Object.entries(dataset.moments);
  const structural = new Set([
    subjectKey.field,
    collectedAt.field,
    purposesField,
    ...moments.map(([, { field }]) => field),
  ]);
  return {
    store,
    dataset: name,
    purposes: purposesField === undefined ? purposes : null,
    jurisdiction: dataset.jurisdiction ?? null,
    moments: moments.map(([moment]) => moment),
    fields: Object.entries(fieldRules).map(([field, { category, rule }]) => ({
      field,
      category,
      structural: structural.has(field),
      own:
        rule === undefined || rule === 'purge'
          ? (rule ?? null)
          : { retain: { basis: rule.keep.basis, for: rule.keep.until } },
    })),
  };
}

/** A dataset with its rows' age counted from another moment than their collection, for the connector. */
export function datasetBy(dataset: MappedDataset, moment: string): MappedDataset {
  if (moment === 'collected') return dataset;
  const collectedAt = dataset.moments[moment];
  if (collectedAt === undefined)
    throw new DependencyError('invalid_config', `the data map declares no moment ${moment} for this dataset`);
  return { ...dataset, collectedAt };
}
