import { Inject, Injectable, type OnModuleDestroy } from '@nestjs/common';
import type { Clock, TenantId } from '#kernel';
import { HeardChanges, type Change } from '#ledger';
import { Batcher } from '#platform/batching';
import { CLOCK } from '#platform/runtime';
import { ResolveSubjects, type Identifier } from '#subjects';
import { DecisionsRepository, type PersonState } from './decisions.repository.js';
import { StateCache, type KnownPeople } from './domain/state-cache.js';

/** How old a state may be that answers a question without a revision, in milliseconds. */
export const staleness = 250;
/** How often the heads of tenants that are asked about are read. */
const beat = 50;
/** A tenant that nobody asked about for so long is dropped. */
const idleAfter = 60_000;
const mostPeople = 200_000;
/** So many people are a statement of their own. */
const many = 100;

interface Followed {
  readonly cache: StateCache;
  readonly misses: Batcher<Identifier, PersonState | undefined>;
  askedAt: number;
}

/** What `decide` needs of a person: from memory where that is fresh enough, and otherwise from one prepared read. */
@Injectable()
export class ReadStates implements OnModuleDestroy {
  private readonly tenants = new Map<TenantId, Followed>();
  private readonly stopListening: () => void;
  private timer: NodeJS.Timeout | undefined;
  private beating = false;

  constructor(
    private readonly repository: DecisionsRepository,
    private readonly resolve: ResolveSubjects,
    heard: HeardChanges,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {
    this.stopListening = heard.listen((change) => {
      this.hear(change);
    });
  }

  /** The people who are known here, fresh enough, and as of `atLeast`; whom it does not find: `read` them. */
  known(tenant: TenantId, atLeast: number): KnownPeople | undefined {
    return this.follow(tenant).cache.asOf(performance.now() - staleness, atLeast);
  }

  /** Reads people anew, a few together with whoever else is read at this moment. Rejects when the database does not answer. */
  async read(tenant: TenantId, people: readonly Identifier[]): Promise<readonly (PersonState | undefined)[]> {
    const { cache, misses } = this.follow(tenant);
    if (people.length >= many) return this.fetch(tenant, cache, people);
    return Promise.all(people.map((person) => misses.submit(person)));
  }

  onModuleDestroy(): void {
    this.stopListening();
    clearInterval(this.timer);
  }

  private follow(tenant: TenantId): Followed {
    const known = this.tenants.get(tenant);
    const now = performance.now();
    if (known !== undefined) {
      known.askedAt = now;
      return known;
    }
    const cache = new StateCache(mostPeople);
    const misses = new Batcher<Identifier, PersonState | undefined>(
      (people) => this.fetch(tenant, cache, people),
      () => false,
      5_000,
    );
    const followed: Followed = { cache, misses, askedAt: now };
    this.tenants.set(tenant, followed);
    this.timer ??= setInterval(() => void this.tick(), beat).unref();
    return followed;
  }

  private async fetch(
    tenant: TenantId,
    cache: StateCache,
    people: readonly Identifier[],
  ): Promise<readonly (PersonState | undefined)[]> {
    const askedAt = performance.now();
    const keys = people.map((person) => this.resolve.lookUpKey(tenant, person));
    const states = await this.repository.states(tenant, keys, this.clock.now());
    for (const [index, state] of states.entries()) {
      const person = people[index];
      if (person !== undefined) cache.put(`${person.type}:${person.value}`, state, askedAt);
    }
    return people.map((_, index) => states[index]);
  }

  /** One statement for all tenants that are asked about. What it does not answer in time is read anew by whoever asks. */
  private async tick(): Promise<void> {
    if (this.beating) return;
    this.beating = true;
    try {
      const askedAt = performance.now();
      for (const [tenant, { askedAt: last }] of this.tenants)
        if (last < askedAt - idleAfter) this.tenants.delete(tenant);
      const since = [...this.tenants].map(([tenant, { cache }]) => ({ tenant, revision: cache.revision }));
      if (since.length === 0) return;
      for (const { tenant, subjectRefs, ...head } of await this.repository.changes(since, this.clock.now()))
        this.tenants.get(tenant)?.cache.advance(head, subjectRefs, askedAt);
    } catch {
      // Nothing is confirmed meanwhile, so whoever asks goes to the database and learns what is wrong with it.
    } finally {
      this.beating = false;
    }
  }

  private hear({ tenant, last, kinds, refs }: Change): void {
    const followed = this.tenants.get(tenant);
    if (followed === undefined) return;
    followed.cache.changed(
      last,
      refs,
      kinds.some((kind) => kind.startsWith('policy.')),
    );
  }
}
