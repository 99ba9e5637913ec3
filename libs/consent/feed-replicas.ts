import { Inject, Injectable } from '@nestjs/common';
import type { Caller } from '#access';
import {
  encodePeople,
  encodeSnapshotEnd,
  encodeSnapshotHead,
  pack,
  travelling,
  type DecisionRules,
  type TravellingPerson,
} from '#decisions';
import { DomainError, type Clock, type TenantId } from '#kernel';
import { Transactions } from '#platform/database';
import { CLOCK } from '#platform/runtime';
import { ReadPolicy } from '#policy';
import { ResolveSubjects } from '#subjects';
import { decisionRules } from './domain/decision-rules.js';
import { formatRevision, parseRevision } from './domain/revision.js';
import { readAction } from './domain/read-state.js';
import {
  ReplicaRepository,
  type ReplicaHead,
  type ReplicaPlace,
  type ReplicatedPerson,
} from './replica.repository.js';

/** One of `of` equal parts of the people, by their hash: from 0. */
export interface Shard {
  readonly index: number;
  readonly of: number;
}

/** What became of a tenant since a revision. */
export interface ReplicaChanges {
  readonly revision: string;
  readonly policyVersion: number | null;
  /** Only where the policy is another than the replica's. */
  readonly rules: DecisionRules | null;
  /** There is too much to tell, or the log began anew: take a snapshot. */
  readonly reload: boolean;
  readonly people: readonly TravellingPerson[];
}

const pageSize = 2_000;
/** Beyond so many entries a snapshot is the shorter answer. */
const mostChanges = 10_000;
const beginning: ReplicaPlace = { type: '', hash: Buffer.alloc(0) };

/** Gives replicas of the decision state what they need: everything at first, then what changes. */
@Injectable()
export class FeedReplicas {
  constructor(
    private readonly repository: ReplicaRepository,
    private readonly resolve: ResolveSubjects,
    private readonly readPolicy: ReadPolicy,
    private readonly transactions: Transactions,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /**
   * A snapshot as bytes, from memory that is bounded: what is read is at least as new as its revision, and what changes
   * meanwhile comes with the changes since. Nobody can be named from it without the key in its head.
   */
  async *snapshot(caller: Caller, shard: Shard): AsyncGenerator<Uint8Array, void, undefined> {
    caller.must('read', 'Replica', {});
    const { tenant } = caller;
    await this.hashEverybody(tenant);
    const head = await this.head(tenant);
    const rules = await this.rules(tenant, head.policyVersion);
    const purposes = purposesOf(rules);
    const key = this.resolve.replicaKey(tenant).toString('hex');
    const { revision, epoch } = head;
    yield encodeSnapshotHead({ format: 1, key, revision, epoch, purposes, rules: rules ?? null });
    let count = 0;
    for (const from of ['subjects', 'suppressions'] as const) {
      let after: ReplicaPlace | undefined = beginning;
      while (after !== undefined) {
        const { people, next } = await this.repository.page(tenant, from, after, pageSize);
        const own = people.filter(({ hash }) => isIn(shard, hash));
        const packed = own.map((person) => ({
          ...pack({ ...person, states: travel(person, rules, purposes) }, purposes.length),
          hash: person.hash,
        }));
        if (packed.length > 0) yield encodePeople(packed);
        count += packed.length;
        after = next;
      }
    }
    yield encodeSnapshotEnd(count);
  }

  /** What changed since a revision that the replica knows of, under the policy it has. */
  async changes(
    caller: Caller,
    since: { readonly revision: string; readonly policyVersion: number | null },
    shard: Shard,
  ): Promise<ReplicaChanges> {
    caller.must('read', 'Replica', {});
    const { tenant } = caller;
    const { epoch, number } = parseRevision(since.revision);
    const found = await this.repository.changes(tenant, number, this.clock.now(), mostChanges);
    if (found === undefined) throw new TypeError('the tenant has no ledger');
    const { head, people } = found;
    const rules = await this.rules(tenant, head.policyVersion);
    const purposes = purposesOf(rules);
    const behind = head.revision - number;
    const version = head.policyVersion ?? null;
    return {
      revision: formatRevision({ epoch: head.epoch, number: head.revision }),
      policyVersion: version,
      rules: version === since.policyVersion ? null : (rules ?? null),
      reload: epoch !== head.epoch || behind < 0 || behind > mostChanges,
      people: people
        .filter(({ hash }) => isIn(shard, hash))
        .map((person) => ({
          hash: person.hash.toString('hex'),
          known: person.known,
          suppressed: person.suppressed,
          states: travel(person, rules, purposes),
        })),
    };
  }

  private async hashEverybody(tenant: TenantId): Promise<void> {
    let hashed = pageSize;
    while (hashed === pageSize)
      hashed = await this.transactions.run(tenant, (tx) =>
        this.resolve.hashForReplicas(tx, tenant, pageSize),
      );
  }

  private async head(tenant: TenantId): Promise<ReplicaHead> {
    const found = await this.repository.changes(tenant, Number.MAX_SAFE_INTEGER, this.clock.now(), 0);
    if (found === undefined) throw new TypeError('the tenant has no ledger');
    return found.head;
  }

  private async rules(tenant: TenantId, version: number | undefined): Promise<DecisionRules | undefined> {
    return version === undefined ? undefined : decisionRules(await this.readPolicy.version(tenant, version));
  }
}

/** Throws DomainError invalid `shard.invalid`. */
export function parseShard(text: string | undefined): Shard {
  if (text === undefined) return { index: 0, of: 1 };
  const [, index, of] = /^(\d{1,4})\/(\d{1,4})$/.exec(text) ?? [];
  const shard = { index: Number(index), of: Number(of) };
  if (index !== undefined && shard.of >= 1 && shard.of <= 1_024 && shard.index < shard.of) return shard;
  throw new DomainError('invalid', 'shard.invalid', 'a shard is its number and their count, such as 0/4', {
    pointer: '/shard',
  });
}

/** In one order, whatever the order in the document, so that the numbers of equal lists are equal. */
function purposesOf(rules: DecisionRules | undefined): readonly string[] {
  return Object.keys(rules?.purposes ?? {}).sort();
}

function isIn({ index, of }: Shard, hash: Buffer): boolean {
  return hash.readUInt32BE(4) % of === index;
}

function travel(
  { states }: ReplicatedPerson,
  rules: DecisionRules | undefined,
  purposes: readonly string[],
): TravellingPerson['states'] {
  return states.flatMap(({ purpose, action, expiresAt, noticeVersion }) => {
    const number = purposes.indexOf(purpose);
    if (number < 0) return [];
    const onlyNotice = rules?.purposes[purpose]?.onlyNotice ?? null;
    const [code, end] = travelling({ action: readAction(action), expiresAt, noticeVersion }, onlyNotice);
    return [[number, code, end] as const];
  });
}
