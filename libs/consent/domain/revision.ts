import { DomainError } from '#kernel';

/** A tenant's number with the epoch it counts in; a restored backup opens a new epoch. */
export interface Revision {
  readonly epoch: number;
  readonly number: number;
}

const form = /^([1-9][0-9]{0,8})\.(0|[1-9][0-9]{0,14})$/;

/** The token that callers hold: `<epoch>.<number>`. */
export function formatRevision(revision: Revision): string {
  return `${revision.epoch}.${revision.number}`;
}

/** Throws DomainError invalid `revision.invalid`. */
export function parseRevision(text: string): Revision {
  const [, epoch, number] = form.exec(text) ?? [];
  if (epoch === undefined || number === undefined) {
    throw new DomainError(
      'invalid',
      'revision.invalid',
      'a revision is the token that a write answered, such as 1.42',
      {
        pointer: '/revision',
      },
    );
  }
  return { epoch: Number(epoch), number: Number(number) };
}
