import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import type { SubjectRef, TenantId } from '#kernel';
import type { NamedIdentifier } from '#policy';
import { ResolveSubjects, SuppressSubjects, type Identifier } from '#subjects';

/** The people whom a hold names. */
export interface NamedPeople {
  readonly subjectRefs: readonly SubjectRef[];
  /** Identifiers of people who are erased: we have no other copy. */
  readonly erased: readonly NamedIdentifier[];
  /** By person, the types of identifier that they are known by. */
  readonly typesOf: ReadonlyMap<SubjectRef, ReadonlySet<string>>;
}

/** Finds or registers the people whom a hold is to name. */
@Injectable()
export class FindPeople {
  constructor(
    private readonly resolve: ResolveSubjects,
    private readonly suppress: SuppressSubjects,
  ) {}

  /**
   * A person never seen is registered: their data may predate Lethe. One whose erasure is complete is not, or they could
   * never register anew: the hold names them by the pseudonym they had.
   */
  async execute(
    tx: EntityManager,
    tenant: TenantId,
    identifiers: readonly Identifier[],
  ): Promise<NamedPeople> {
    const erased: NamedIdentifier[] = [];
    const others = new Set(identifiers);
    for (const [index, ref] of await this.suppress.among(tx, tenant, identifiers)) {
      const identifier = identifiers[index];
      if (identifier === undefined || (await this.resolve.find(tx, tenant, identifier)) !== undefined)
        continue;
      others.delete(identifier);
      const { people, keyId } = this.resolve.draft(tenant, [identifier]);
      erased.push(
        ...people.map(({ type, hash, sealed }) => ({ subjectRef: ref, type, hash, keyId, sealed })),
      );
    }
    const refs = await this.resolve.execute(tx, tenant, [...others]);
    const subjectRefs = [...new Set([...refs, ...erased.map(({ subjectRef }) => subjectRef)])];
    const known = await this.resolve.identifiers(tx, tenant, refs);
    const typesOf = new Map(
      subjectRefs.map((ref) => [
        ref,
        new Set([
          ...(known.get(ref)?.keys() ?? []),
          ...erased.filter(({ subjectRef }) => subjectRef === ref).map(({ type }) => type),
        ]),
      ]),
    );
    return { subjectRefs, erased, typesOf };
  }
}
