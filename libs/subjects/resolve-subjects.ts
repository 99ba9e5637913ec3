import { Inject, Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { subjectRef, type Clock, type IdSource, type SubjectRef, type TenantId } from '#kernel';
import { KeyedHash, Sealer } from '#platform/crypto';
import { CLOCK, IDS } from '#platform/runtime';
import { normaliseIdentifier, type Identifier } from './domain/identifier.js';
import { SubjectsRepository } from './subjects.repository.js';

/** Turns identifiers into pseudonyms and back. Everything is done for a batch at once. */
@Injectable()
export class ResolveSubjects {
  constructor(
    private readonly repository: SubjectsRepository,
    private readonly hash: KeyedHash,
    private readonly sealer: Sealer,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(IDS) private readonly ids: IdSource,
  ) {}

  /** How an identifier is looked up: its keyed hash within the tenant. */
  lookUpKey(tenant: TenantId, identifier: Identifier): { readonly type: string; readonly hash: Buffer } {
    const { type, value } = normaliseIdentifier(identifier);
    return { type, hash: this.hash.of(tenant, type, value) };
  }

  /** The subject that has this identifier, when there is one. */
  async find(tx: EntityManager, tenant: TenantId, identifier: Identifier): Promise<SubjectRef | undefined> {
    return (await this.repository.find(tx, tenant, [this.lookUpKey(tenant, identifier)])).get(0);
  }

  /** Whether the tenant has such a subject, erased or not. */
  async isRegistered(tx: EntityManager, tenant: TenantId, ref: SubjectRef): Promise<boolean> {
    return this.repository.isRegistered(tx, tenant, ref);
  }

  /** The subject of each identifier, registering those never seen; one answer per identifier, in order. */
  async execute(
    tx: EntityManager,
    tenant: TenantId,
    identifiers: readonly Identifier[],
  ): Promise<readonly SubjectRef[]> {
    const keys = identifiers.map((identifier) => this.lookUpKey(tenant, identifier));
    const known = await this.repository.find(tx, tenant, keys);
    if (known.size < identifiers.length) {
      const unknown = identifiers.flatMap((identifier, index) => (known.has(index) ? [] : [identifier]));
      await this.register(tx, tenant, unknown);
    }
    const all = known.size < identifiers.length ? await this.repository.find(tx, tenant, keys) : known;
    return keys.map((_, index) => {
      const ref = all.get(index);
      if (ref === undefined) throw new TypeError('a registered subject is missing');
      return ref;
    });
  }

  private async register(
    tx: EntityManager,
    tenant: TenantId,
    identifiers: readonly Identifier[],
  ): Promise<void> {
    const people = new Map<string, { type: string; hash: Buffer; ref: string; sealed: Buffer }>();
    for (const identifier of identifiers) {
      const { type, value } = normaliseIdentifier(identifier);
      const key = this.lookUpKey(tenant, identifier);
      const sealed = this.sealer.seal(Buffer.from(value, 'utf8'), sealContext(tenant, type));
      people.set(`${type} ${key.hash.toString('hex')}`, { ...key, ref: this.ids.random(), sealed });
    }
    const stamp = { keyId: this.hash.keyId, at: this.clock.now() };
    await this.repository.insert(tx, tenant, [...people.values()], stamp);
  }

  /** The value of a stored identifier of this type. */
  open(tenant: TenantId, type: string, sealed: Buffer): string {
    return this.sealer.open(sealed, sealContext(tenant, type)).toString('utf8');
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

function sealContext(tenant: TenantId, type: string): string {
  return `identifier/${tenant}/${type}`;
}
