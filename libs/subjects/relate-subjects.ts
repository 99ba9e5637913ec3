import { Inject, Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { DomainError, subjectRef, type Clock, type IdSource, type SubjectRef, type TenantId } from '#kernel';
import { CLOCK, IDS } from '#platform/runtime';
import type { Identifier } from './domain/identifier.js';
import { unknownSubject } from './domain/named-subject.js';
import { HashIdentifiers } from './hash-identifiers.js';
import { RelateSubjectsRepository } from './relate-subjects.repository.js';

/** What subjects are to each other: one person, two after all, a child and their guardian. In the caller's transaction. */
@Injectable()
export class RelateSubjects {
  constructor(
    private readonly repository: RelateSubjectsRepository,
    private readonly hashes: HashIdentifiers,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(IDS) private readonly ids: IdSource,
  ) {}

  /**
   * Locks subjects that may be changed. Throws DomainError not_found `subject.unknown` for one that is not there, conflict
   * `subject.suppressed` for one that was or is being erased, and `subject.merged` for one that is somebody else by now.
   */
  async lock(tx: EntityManager, tenant: TenantId, refs: readonly SubjectRef[]): Promise<void> {
    const found = await this.repository.lock(tx, tenant, refs);
    for (const ref of refs) {
      const standing = found.get(ref);
      if (standing === undefined) throw unknownSubject();
      if (standing.suppressed)
        throw new DomainError('conflict', 'subject.suppressed', 'this person was erased, or is being erased');
      if (standing.merged)
        throw new DomainError('conflict', 'subject.merged', 'this person was merged into another');
    }
  }

  async merge(tx: EntityManager, tenant: TenantId, from: SubjectRef, into: SubjectRef): Promise<void> {
    await this.repository.merge(tx, tenant, { from, into, at: this.clock.now() });
  }

  /**
   * Makes a new subject of some identifiers of another. Throws DomainError invalid `identifier.not_theirs` unless all of them
   * are that subject's, and `subject.nothing_left` when none would be left to it.
   */
  async split(
    tx: EntityManager,
    tenant: TenantId,
    from: SubjectRef,
    identifiers: readonly Identifier[],
  ): Promise<SubjectRef> {
    const ref = subjectRef(this.ids.random());
    const keys = new Map(
      identifiers.map((identifier) => {
        const key = this.hashes.lookUpKey(tenant, identifier);
        return [`${key.type} ${key.hash.toString('hex')}`, key];
      }),
    );
    const to = { ref, at: this.clock.now() };
    const moved = await this.repository.split(tx, tenant, from, to, [...keys.values()]);
    if (moved !== keys.size)
      throw new DomainError(
        'invalid',
        'identifier.not_theirs',
        'not all of these identifiers are this person’s',
        {
          pointer: '/identifiers',
        },
      );
    if ((await this.repository.countIdentifiers(tx, tenant, from)) === 0)
      throw new DomainError('invalid', 'subject.nothing_left', 'a person keeps one identifier at least', {
        pointer: '/identifiers',
      });
    return ref;
  }

  async setAge(
    tx: EntityManager,
    tenant: TenantId,
    ref: SubjectRef,
    age: { readonly ofAgeOn: string | null; readonly jurisdiction: string },
  ): Promise<void> {
    await this.repository.setAge(tx, tenant, ref, age);
  }

  async addGuardian(
    tx: EntityManager,
    tenant: TenantId,
    subject: SubjectRef,
    guardian: SubjectRef,
    by: { readonly proof: string; readonly actor: string },
  ): Promise<void> {
    if (subject === guardian)
      throw new DomainError('invalid', 'guardian.oneself', 'nobody is their own guardian', {
        pointer: '/guardian',
      });
    await this.repository.addGuardian(tx, tenant, subject, guardian, { ...by, at: this.clock.now() });
  }

  /** Throws DomainError not_found `guardian.unknown`. */
  async endGuardian(
    tx: EntityManager,
    tenant: TenantId,
    subject: SubjectRef,
    guardian: SubjectRef,
  ): Promise<void> {
    if (!(await this.repository.endGuardian(tx, tenant, subject, guardian, this.clock.now())))
      throw new DomainError('not_found', 'guardian.unknown', 'this person has no such guardian');
  }
}
