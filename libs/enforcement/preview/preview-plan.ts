import { Injectable } from '@nestjs/common';
import type { TenantId } from '#kernel';
import { Transactions } from '#platform/database';
import { partsOf, type CountedPart } from '../domain/preview.js';
import { ServedStores } from '#stores';
import { CountParts } from './count-parts.js';
import { DrawPlan, type PlannedPerson } from './draw-plan.js';

type Transaction = Parameters<DrawPlan['execute']>[0];

/** What is to be previewed: people, all up to the same moment, under a version of the policy. */
export interface PreviewInput {
  readonly people: readonly PlannedPerson[];
  readonly asOf: Date;
  readonly policyVersion: number;
}

/** A part as it is kept and shown: its store by name. */
export type NamedPart = Omit<CountedPart, 'storeId'> & { readonly store: string };

/** Says what the plan of some causes would do, with rows counted in the stores. Plans in one short transaction, and counts outside. */
@Injectable()
export class PreviewPlan {
  constructor(
    private readonly transactions: Transactions,
    private readonly drawPlan: DrawPlan,
    private readonly countParts: CountParts,
    private readonly served: ServedStores,
  ) {}

  /**
   * `before`: what was counted by workers of other regions; it is not counted again. Rejects when the signal stops it, and only
   * then for the sake of a store.
   */
  async execute(
    tenant: TenantId,
    read: (tx: Transaction) => Promise<PreviewInput>,
    { before, signal }: { readonly before: readonly NamedPart[]; readonly signal: AbortSignal },
  ): Promise<{ readonly parts: readonly NamedPart[]; readonly isComplete: boolean }> {
    const { stores, plan, asOf } = await this.transactions.run(tenant, async (tx) => {
      const { people, asOf: until, policyVersion } = await read(tx);
      return { ...(await this.drawPlan.execute(tx, tenant, people, policyVersion)), asOf: until };
    });
    const named = new Map(stores.map((store) => [store.id, store]));
    const known = new Set(before.map(({ store }) => store));
    const parts = partsOf(plan).filter(({ part }) => !known.has(named.get(part.storeId)?.name ?? ''));
    const mine = parts.filter(({ part }) => {
      const store = named.get(part.storeId);
      return store === undefined || this.served.serves(store);
    });
    const counted = await this.countParts.execute(tenant, stores, mine, { asOf, signal });
    const now = counted.map(({ storeId, ...part }) => ({
      ...part,
      store: named.get(storeId)?.name ?? storeId,
    }));
    return { parts: [...before, ...now], isComplete: mine.length === parts.length };
  }
}
