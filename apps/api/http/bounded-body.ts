import { DomainError } from '#kernel';

const deepest = 32;

interface Place {
  readonly value: object;
  readonly pointer: string;
  readonly depth: number;
}

/**
 * Refuses a body that nothing of ours could use, before anything walks it by recursion: nested deeper than 32 levels, or
 * with U+0000 in a text, which PostgreSQL cannot store. Names the place by JSON Pointer (RFC 6901).
 */
export function requireBounded(body: unknown): void {
  const places: Place[] = [];
  look(body, '', 0, places);
  for (let place = places.pop(); place !== undefined; place = places.pop()) {
    const { value, pointer, depth } = place;
    for (const [member, inside] of Object.entries(value)) {
      look(inside, `${pointer}/${member.replaceAll('~', '~0').replaceAll('/', '~1')}`, depth + 1, places);
    }
  }
}

function look(value: unknown, pointer: string, depth: number, places: Place[]): void {
  if (typeof value === 'string' && value.includes('\0')) throw refused(pointer, 'has a NUL character');
  if (typeof value !== 'object' || value === null) return;
  if (depth >= deepest) throw refused('', `is nested deeper than ${deepest} levels`);
  places.push({ value, pointer, depth });
}

function refused(pointer: string, message: string): DomainError {
  return new DomainError('invalid', 'body.invalid', `${pointer || 'the body'}: ${message}`, {
    faults: [{ pointer, message }],
  });
}
