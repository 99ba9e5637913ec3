import type { Caller } from '#access';
import { DomainError, isUuid, subjectRef, type SubjectRef } from '#kernel';

/** Whom a pseudonym, or `self` for the caller's own person, names; undefined for what is no pseudonym and for nobody. */
export function namedSubject({ principal }: Caller, named: string): SubjectRef | undefined {
  const ref = named === 'self' ? principal.person?.subjectRef : named;
  return typeof ref === 'string' && isUuid(ref) ? subjectRef(ref) : undefined;
}

/** The same for a person whom nobody knows and for one whom the caller may not see. */
export function unknownSubject(): DomainError {
  return new DomainError('not_found', 'subject.unknown', 'no person whom you may see is known by this');
}
