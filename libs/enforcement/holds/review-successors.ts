import { Inject, Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import type { Clock } from '#kernel';
import { CLOCK } from '#platform/runtime';
import type { Disposal, SweepStep } from '#policy';
import { ReadGovernance, type RegisteredStore } from '#stores';
import { isStillDue, overtaken, type WaitedSweep } from '../domain/held.js';
import { datasetName, onlyInParts, retainedUntil } from '../domain/plan.js';
import type { ClaimedObligation } from '../obligation.js';

/** A claimed obligation with the store it is for. */
export interface ClaimedWork {
  readonly obligation: ClaimedObligation;
  readonly store: RegisteredStore;
}

/** A claimed obligation with the full name of its dataset, for those that wait for it. */
export interface NamedObligation {
  readonly obligation: ClaimedObligation;
  readonly dataset: string;
}

/** Claimed work that keeps its rows, and why. */
export interface KeptObligation extends NamedObligation {
  readonly outcome: 'held' | 'retained' | 'unsupported';
  readonly error: string | null;
}

/** Claimed work: what may be done, and what is no longer warranted. */
export interface Claimed<Work extends ClaimedWork> {
  readonly warranted: readonly Work[];
  readonly superseded: readonly NamedObligation[];
}

type Reviewed<Work extends ClaimedWork> = Claimed<Work> & { readonly kept: readonly KeptObligation[] };

/**
 * What waited for a hold, or for the end of a retention, may have waited for years: it goes on only as far as the policy of now
 * removes as much. What that keeps of a person is retained; of many sweeps of one dataset only the one that reaches furthest goes on.
 */
@Injectable()
export class ReviewSuccessors {
  constructor(
    private readonly governance: ReadGovernance,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  async execute<Work extends ClaimedWork>(
    tx: EntityManager,
    { warranted, superseded }: Claimed<Work>,
  ): Promise<Reviewed<Work>> {
    const waited = warranted.filter(({ obligation }) => obligation.succeeds !== null);
    if (waited.length === 0) return { warranted, superseded, kept: [] };
    const gone = new Set<Work>();
    const kept = new Map<Work, KeptObligation>();
    for (const [tenant, own] of Map.groupBy(waited, ({ obligation }) => obligation.tenant)) {
      const { world } = await this.governance.execute(tx, tenant);
      for (const [name, works] of Map.groupBy(own, nameOf)) {
        const { steps, disposal } = world.datasets.get(name) ?? nothing;
        for (const one of this.notDue(works, steps)) gone.add(one);
        for (const one of works) {
          const keeping = one.obligation.cutOff === null ? this.keptOf(one, disposal) : undefined;
          if (keeping !== undefined) kept.set(one, keeping);
        }
      }
    }
    return {
      warranted: warranted.filter((one) => !gone.has(one) && !kept.has(one)),
      superseded: [
        ...superseded,
        ...[...gone].map((one) => ({ obligation: one.obligation, dataset: nameOf(one) })),
      ],
      kept: [...kept.values()],
    };
  }

  /** Undefined when the policy of now removes it. */
  private keptOf(work: ClaimedWork, disposal: Disposal): KeptObligation | undefined {
    if (disposal.kind === 'purge') return undefined;
    const { obligation } = work;
    const dataset = nameOf(work);
    if (disposal.kind === 'unsupported')
      return { obligation, dataset, outcome: 'unsupported', error: onlyInParts };
    const until = retainedUntil(disposal, obligation.asOf);
    if (until !== null && until <= this.clock.now()) return undefined;
    const keptBy = { basis: disposal.basis, until };
    return { obligation: { ...obligation, keptBy }, dataset, outcome: 'retained', error: null };
  }

  private notDue<Work extends ClaimedWork>(
    works: readonly Work[],
    steps: readonly SweepStep[],
  ): readonly Work[] {
    const byId = new Map(works.map((one) => [one.obligation.id, one]));
    const waited = works.flatMap(({ obligation: { id, moment, onlyPurposes, cutOff } }): WaitedSweep[] =>
      cutOff === null ? [] : [{ id, moment, onlyPurposes, cutOff }],
    );
    const due = waited.filter((sweep) => isStillDue(sweep, steps, this.clock.now()));
    const others = waited.filter((sweep) => !due.includes(sweep));
    return [...others, ...overtaken(due)].flatMap(({ id }) => byId.get(id) ?? []);
  }
}

const nothing: { readonly steps: readonly SweepStep[]; readonly disposal: Disposal } = {
  steps: [],
  disposal: { kind: 'unsupported' },
};

function nameOf({ store, obligation }: ClaimedWork): string {
  return datasetName(store, { name: obligation.dataset });
}
