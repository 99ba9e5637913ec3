import { Inject, Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { isKey } from '#connector-kit';
import type { Clock, SubjectRef, TenantId } from '#kernel';
import { CLOCK } from '#platform/runtime';
import { HoldsRepository, longestOf, ReadPolicy, type HeldIdentifier, type Hold } from '#policy';
import { beyond, mayCover, sweepUnder, type Removal } from '#policy/domain';
import { governed, type RegisteredStore } from '#stores';
import { ResolveSubjects } from '#subjects';
import type { HeldBy } from '../domain/held.js';

/** What of one person would be removed from a dataset. */
export interface PersonWork {
  readonly store: RegisteredStore;
  readonly dataset: string;
  readonly subjectRef: SubjectRef | null;
  readonly asOf: Date;
  readonly onlyPurposes: readonly string[] | null;
}

/** What a sweep would remove from a dataset. */
export interface SweepWork {
  readonly store: RegisteredStore;
  readonly dataset: string;
  readonly moment: string;
  readonly onlyPurposes: readonly string[] | null;
  readonly cutOff: Date;
}

/** A sweep under holds: all of it waits, or it goes to an earlier cut-off and leaves people out. */
export type HeldSweep = { readonly heldBy: HeldBy } & (
  | { readonly whole: true }
  | { readonly whole: false; readonly cutOff: Date; readonly except: readonly string[] }
);

/** People whom one sweep leaves out by name; with more of them, all of it waits. */
const mostLeftOut = 10_000;

/** Finds which of the active holds cover some work, and what of it may be done all the same. */
@Injectable()
export class FindHolds {
  constructor(
    private readonly holds: HoldsRepository,
    private readonly readPolicy: ReadPolicy,
    private readonly resolve: ResolveSubjects,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** The active holds of tenants; most have none, and then nothing else is asked. */
  async inForce(
    tx: EntityManager,
    tenants: readonly TenantId[],
  ): Promise<ReadonlyMap<string, readonly Hold[]>> {
    return this.holds.inForce(tx, tenants, this.clock.now());
  }

  /** Work on people that is held as a whole, and by what: a store cannot hold back a part of a person's rows. */
  async ofPeople<W extends PersonWork>(
    tx: EntityManager,
    tenant: TenantId,
    holds: readonly Hold[],
    works: readonly W[],
  ): Promise<ReadonlyMap<W, HeldBy>> {
    if (holds.length === 0 || works.length === 0) return new Map();
    const purposes = await this.purposes(tx, tenant);
    const refs = [...new Set(works.flatMap(({ subjectRef }) => subjectRef ?? []))];
    const naming = holds.some(({ scope }) => scope.subjectRefs.length > 0);
    const named = naming ? await this.holds.named(tx, tenant, refs) : new Map<string, ReadonlySet<string>>();
    const concerns = ({ id, scope }: Hold, { subjectRef }: W) =>
      scope.subjectRefs.length === 0 || (subjectRef !== null && named.get(id)?.has(subjectRef) === true);
    const removalOf = removals();
    const held = new Map<W, HeldBy>();
    for (const work of works) {
      const about = holds.filter((hold) => concerns(hold, work));
      if (about.length === 0) continue;
      const removal = removalOf(work.store, work.dataset, {
        ...work,
        upTo: work.asOf,
        undated: true,
        moment: 'collected',
      });
      const longest = longestOf(about.filter(({ scope }) => mayCover(scope, removal, purposes)));
      if (longest === undefined) continue;
      held.set(work, heldBy(longest, beyond(longest.scope, removal)));
    }
    return held;
  }

  /** Undefined for a sweep that no hold has to do with. */
  async ofSweep(
    tx: EntityManager,
    tenant: TenantId,
    holds: readonly Hold[],
    work: SweepWork,
  ): Promise<HeldSweep | undefined> {
    if (holds.length === 0) return undefined;
    const purposes = await this.purposes(tx, tenant);
    // Rows go that are strictly older, and holds count in milliseconds.
    const upTo = new Date(work.cutOff.getTime() - 1);
    const removal = removals()(work.store, work.dataset, { ...work, upTo, undated: false });
    const covering = holds.filter(({ scope }) => mayCover(scope, removal, purposes));
    const longest = longestOf(covering);
    if (longest === undefined) return undefined;
    const unders = covering.map((hold) => ({ hold, under: sweepUnder(hold.scope, work) }));
    const whole = longestOf(
      unders.filter(({ under }) => under.kind === 'not_at_all').map(({ hold }) => hold),
    );
    if (whole !== undefined) return { whole: true, heldBy: heldBy(whole, beyond(whole.scope, removal)) };
    const naming = unders.filter(({ under }) => under.kind === 'without_people').map(({ hold }) => hold);
    const except = await this.keysOf(tx, tenant, naming, work);
    if ('unknown' in except)
      return { whole: true, heldBy: { ...heldBy(except.unknown, []), note: unknownKey } };
    const cutOffs = unders.flatMap(({ under }) => (under.kind === 'before' ? [under.cutOff.getTime()] : []));
    return {
      whole: false,
      heldBy: heldBy(longest, []),
      cutOff: new Date(Math.min(work.cutOff.getTime(), ...cutOffs)),
      except: except.keys,
    };
  }

  /** The keys, in a dataset, of everybody whom holds name; or a hold that names somebody whose key there is not known. */
  private async keysOf(
    tx: EntityManager,
    tenant: TenantId,
    holds: readonly Hold[],
    { store, dataset }: SweepWork,
  ): Promise<{ readonly keys: readonly string[] } | { readonly unknown: Hold }> {
    const mapped = store.datasets.find(({ name }) => name === dataset);
    const [first] = holds;
    if (first === undefined) return { keys: [] };
    if (mapped === undefined) return { unknown: first };
    const known = await this.holds.identifiersOf(
      tx,
      tenant,
      holds.map(({ id }) => id),
    );
    const own = known.filter(({ type }) => type === mapped.identifier);
    const nameless = holds.find(({ id, scope }) =>
      scope.subjectRefs.some((ref) => !own.some((one) => one.holdId === id && one.subjectRef === ref)),
    );
    if (nameless !== undefined) return { unknown: nameless };
    const keys = this.open(tenant, own);
    const fits = keys?.every((key) => isKey(mapped.subjectKey.form, key)) === true;
    return keys !== undefined && fits && keys.length <= mostLeftOut ? { keys } : { unknown: first };
  }

  /** Undefined when not all can be opened: then nobody knows whose rows are to stay. */
  private open(tenant: TenantId, known: readonly HeldIdentifier[]): readonly string[] | undefined {
    try {
      return [...new Set(known.map(({ type, sealed }) => this.resolve.open(tenant, type, sealed)))];
    } catch {
      return undefined;
    }
  }

  private async purposes(tx: EntityManager, tenant: TenantId) {
    return (await this.readPolicy.find(tx, tenant))?.policy.purposes ?? {};
  }
}

const unknownKey = 'all of it: a person whom the hold names is not known by a key of this dataset';

function heldBy({ id, basis }: Hold, more: readonly string[]): HeldBy {
  const note =
    more.length === 0 ? null : `more than the hold names: rows are not told apart by ${more.join(', ')}`;
  return { hold: id, basis, note };
}

/** Remembers what a policy sees of each dataset, as long as one call looks at many people in few of them. */
function removals() {
  const seen = new Map<string, Removal['dataset']>();
  return (store: RegisteredStore, name: string, rest: Omit<Removal, 'dataset'>): Removal => {
    const key = `${store.id}/${name}`;
    const dataset = seen.get(key) ?? governed(store).datasets.find((one) => one.dataset === name);
    if (dataset === undefined) throw new TypeError('a removal is about a dataset that is not registered');
    seen.set(key, dataset);
    const { upTo, undated, moment, onlyPurposes } = rest;
    return { dataset, upTo, undated, moment, onlyPurposes };
  };
}
