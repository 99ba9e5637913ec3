import { Inject, Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { subjectRef, type Clock, type IdSource, type SubjectRef, type TenantId } from '#kernel';
import { Sealer } from '#platform/crypto';
import { CLOCK, IDS } from '#platform/runtime';
import { normaliseIdentifier, type Identifier } from './domain/identifier.js';
import { HashIdentifiers } from './hash-identifiers.js';
import { SubjectsRepository, type NewSubject, type Standing } from './subjects.repository.js';

/** Turns identifiers into pseudonyms and back. Everything is done for a batch at once. */
@Injectable()
export class ResolveSubjects {
  constructor(
    private readonly repository: SubjectsRepository,
    private readonly hashes: HashIdentifiers,
    private readonly sealer: Sealer,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(IDS) private readonly ids: IdSource,
  ) {}

  /** How an identifier is looked up: its keyed hash within the tenant. */
  lookUpKey(tenant: TenantId, identifier: Identifier): { readonly type: string; readonly hash: Buffer } {
    return this.hashes.lookUpKey(tenant, identifier);
  }

  /** The subject that has this identifier, when there is one. */
  async find(tx: EntityManager, tenant: TenantId, identifier: Identifier): Promise<SubjectRef | undefined> {
    return (await this.repository.find(tx, tenant, [this.lookUpKey(tenant, identifier)])).get(0);
  }

  /** The subjects of those among identifiers that somebody has, by position. */
  async known(
    tx: EntityManager,
    tenant: TenantId,
    identifiers: readonly Identifier[],
  ): Promise<ReadonlyMap<number, SubjectRef>> {
    const keys = identifiers.map((identifier) => this.lookUpKey(tenant, identifier));
    return this.repository.find(tx, tenant, keys);
  }

  /** Whether the tenant has such a subject, erased or not. */
  async isRegistered(tx: EntityManager, tenant: TenantId, ref: SubjectRef): Promise<boolean> {
    return this.repository.isRegistered(tx, tenant, ref);
  }

  /** How a subject stands; undefined for nobody. */
  async standing(tx: EntityManager, tenant: TenantId, ref: SubjectRef): Promise<Standing | undefined> {
    return this.repository.standing(tx, tenant, ref);
  }

  /** The subject of each identifier, registering those never seen; one answer per identifier, in order. */
  async execute(
    tx: EntityManager,
    tenant: TenantId,
    identifiers: readonly Identifier[],
  ): Promise<readonly SubjectRef[]> {
    const keys = identifiers.map((identifier) => this.lookUpKey(tenant, identifier));
    const known = await this.repository.find(tx, tenant, keys);
    const unknown = identifiers.flatMap((identifier, index) => (known.has(index) ? [] : [identifier]));
    const registered = [...(await this.register(tx, tenant, unknown))];
    return keys.map((_, index) => expectRef(known.get(index) ?? registered.shift()));
  }

  /** Makes strangers ready to be registered by whatever statement does it; one each, also where they are named twice. */
  draft(
    tenant: TenantId,
    identifiers: readonly Identifier[],
  ): {
    readonly people: readonly NewSubject[];
    readonly keyId: number;
    readonly refs: readonly SubjectRef[];
  } {
    const people = new Map<string, NewSubject>();
    const refs = identifiers.map((identifier) => {
      const { type, value } = normaliseIdentifier(identifier);
      const spelling = `${type}:${value}`;
      const known = people.get(spelling);
      if (known !== undefined) return known.ref;
      const sealed = this.sealer.seal(Buffer.from(value, 'utf8'), sealContext(tenant, type));
      const ref = subjectRef(this.ids.random());
      const replicaHash = this.hashes.replicaHash(tenant, { type, value });
      people.set(spelling, { ...this.lookUpKey(tenant, identifier), ref, sealed, replicaHash });
      return ref;
    });
    return { people: [...people.values()], keyId: this.hashes.keyId, refs };
  }

  /** Registers people whom nobody knew a moment ago; one answer each, in order, also where they are named twice. */
  async register(
    tx: EntityManager,
    tenant: TenantId,
    identifiers: readonly Identifier[],
  ): Promise<readonly SubjectRef[]> {
    if (identifiers.length === 0) return [];
    const { people, keyId, refs } = this.draft(tenant, identifiers);
    const registered = await this.repository.register(tx, tenant, people, { keyId, at: this.clock.now() });
    const actual = new Map(people.map(({ ref }, index) => [ref, registered[index]]));
    return refs.map((ref) => expectRef(actual.get(ref)));
  }

  /** The value of a stored identifier of this type. */
  open(tenant: TenantId, type: string, sealed: Buffer): string {
    return this.sealer.open(sealed, sealContext(tenant, type)).toString('utf8');
  }

  /** Makes people of before there were replicas known to them. */
  async hashForReplicas(tx: EntityManager, tenant: TenantId, most: number): Promise<number> {
    const people = await this.repository.unhashed(tx, tenant, most);
    const hashed = people.map(({ type, hash, sealed }) => {
      const value = this.open(tenant, type, sealed);
      return { type, hash, replicaHash: this.hashes.replicaHash(tenant, { type, value }) };
    });
    await this.repository.setReplicaHashes(tx, tenant, hashed);
    return people.length;
  }

  /** The key that replicas of a tenant look people up by. */
  replicaKey(tenant: TenantId): Buffer {
    return this.hashes.replicaKey(tenant);
  }

  /** The identifiers of subjects, opened: by subject, then by type. For planning, and for whoever may see the person. */
  async identifiers(
    tx: EntityManager,
    tenant: TenantId,
    refs: readonly SubjectRef[],
  ): Promise<ReadonlyMap<SubjectRef, ReadonlyMap<string, readonly string[]>>> {
    const rows = await this.repository.identifiersOf(tx, tenant, refs);
    const bySubject = new Map<SubjectRef, Map<string, string[]>>();
    for (const row of rows) {
      const ref = subjectRef(row.subject_ref);
      const byType = bySubject.get(ref) ?? new Map<string, string[]>();
      const values = byType.get(row.type) ?? [];
      values.push(this.open(tenant, row.type, row.sealed));
      bySubject.set(ref, byType.set(row.type, values));
    }
    return bySubject;
  }
}

function expectRef(ref: SubjectRef | undefined): SubjectRef {
  if (ref === undefined) throw new TypeError('a registered subject is missing');
  return ref;
}

function sealContext(tenant: TenantId, type: string): string {
  return `identifier/${tenant}/${type}`;
}
