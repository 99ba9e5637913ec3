import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { canonicalJson, subjectRef, type JsonObject } from '#kernel';
import { commitment, draftEntry, entryKinds } from './entry.js';

const at = new Date('2026-03-01T12:00:00.123Z');
const person = subjectRef('6f1c2a3e-8a51-4f0e-9d39-0c6c2a9b7e11');
const salt = Buffer.alloc(16, 3);

describe('the bytes of an entry', () => {
  it('are canonical JSON with the number and the time of the append', () => {
    const documents = fc
      .jsonValue({ noUnicodeString: false })
      .filter((value) => !JSON.stringify(value).includes('\\ud'));
    fc.assert(
      fc.property(
        documents,
        fc.constantFrom(...entryKinds),
        fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }),
        fc.boolean(),
        (value, kind, number, about) => {
          const data = { value } as JsonObject;
          const bytes = draftEntry(
            about ? { kind, data, subjectRef: person } : { kind, data },
            about ? salt : undefined,
          )(number, at);
          const subject = about ? { subject: commitment(salt, person) } : {};
          expect(bytes).toEqual(
            canonicalJson({ v: 1, n: number, kind, at: at.toISOString(), data, ...subject }),
          );
        },
      ),
    );
  });

  it('hold neither the pseudonym nor the salt', () => {
    const bytes = draftEntry({ kind: 'consent.recorded', subjectRef: person, data: {} }, salt)(
      1,
      at,
    ).toString('utf8');
    for (const secret of [person, person.replaceAll('-', ''), salt.toString('hex'), salt.toString('base64')])
      expect(bytes).not.toContain(secret);
    expect(bytes).toContain(commitment(salt, person));
  });

  it('commit to one person and one salt', () => {
    const other = subjectRef('6f1c2a3e-8a51-4f0e-9d39-0c6c2a9b7e12');
    expect(commitment(salt, person)).not.toBe(commitment(salt, other));
    expect(commitment(salt, person)).not.toBe(commitment(Buffer.alloc(16, 4), person));
  });

  it('fill a bundle to the last byte and no further, whatever number they get', () => {
    const entry = (length: number) => ({
      kind: 'policy.applied' as const,
      data: { text: 'x'.repeat(length) },
    });
    const spare = 65_535 - draftEntry(entry(0), undefined)(Number.MAX_SAFE_INTEGER, at).length;
    expect(draftEntry(entry(spare), undefined)(Number.MAX_SAFE_INTEGER, at)).toHaveLength(65_535);
    expect(() => draftEntry(entry(spare + 1), undefined)).toThrow(
      expect.objectContaining({ kind: 'invalid', code: 'ledger.entry_too_large' }),
    );
  });

  it('count bytes, not characters', () => {
    expect(() =>
      draftEntry({ kind: 'policy.applied', data: { text: 'é'.repeat(40_000) } }, undefined),
    ).toThrow(expect.objectContaining({ code: 'ledger.entry_too_large' }));
  });

  it('are refused when the data has no one spelling', () => {
    expect(() => draftEntry({ kind: 'policy.applied', data: { text: '\ud800' } }, undefined)).toThrow();
    expect(() => draftEntry({ kind: 'policy.applied', data: { number: Number.NaN } }, undefined)).toThrow();
  });
});
