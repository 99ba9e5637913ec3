import { Inject, Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import type { PlannedPerson } from '#enforcement';
import { subjectRef, type IdSource, type SubjectRef, type TenantId } from '#kernel';
import { IDS } from '#platform/runtime';
import { ResolveSubjects, SuppressSubjects, type Identifier } from '#subjects';

/** Finds people as filing would find them, and registers nobody. */
@Injectable()
export class KnowPeople {
  constructor(
    private readonly resolve: ResolveSubjects,
    private readonly suppress: SuppressSubjects,
    @Inject(IDS) private readonly ids: IdSource,
  ) {}

  /** Everybody once, with all that they are known by; whom nobody knows, with the identifier given. */
  async execute(
    tx: EntityManager,
    tenant: TenantId,
    identifiers: readonly Identifier[],
    asOf: Date,
  ): Promise<readonly PlannedPerson[]> {
    const known = await this.resolve.known(tx, tenant, identifiers);
    const refs = [...new Set(known.values())];
    const named = await this.resolve.identifiers(tx, tenant, refs);
    const strangers = identifiers.filter((_, index) => !known.has(index));
    // Who was erased would be registered anew, and the holds that named them would go on doing so.
    const erased = await this.suppress.among(tx, tenant, strangers);
    const person = (ref: SubjectRef, own: PlannedPerson['identifiers']): PlannedPerson => ({
      cause: { kind: 'request', id: this.ids.next(), subjectRef: ref, asOf, deadline: asOf },
      identifiers: own,
    });
    return [
      ...refs.map((ref) => person(ref, named.get(ref) ?? new Map())),
      ...strangers.map(({ type, value }, index) =>
        person(erased.get(index) ?? subjectRef(this.ids.random()), new Map([[type, [value]]])),
      ),
    ];
  }
}
