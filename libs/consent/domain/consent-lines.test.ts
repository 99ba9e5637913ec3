import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { consentActions, type ConsentState } from '#decisions';
import { ConsentLines } from './consent-lines.js';

/** As the statement of decisions writes it. */
const written = (consents: ReadonlyMap<string, ConsentState>) =>
  [...consents]
    .map(([purpose, { action, since, expiresAt, number, noticeVersion }]) =>
      [
        `\n${purpose}`,
        action,
        since.getTime(),
        expiresAt === null ? '' : expiresAt.getTime(),
        number,
        noticeVersion === null ? '' : JSON.stringify(noticeVersion),
      ].join('\t'),
    )
    .join('');

const moment = fc.date({ min: new Date('1960-01-01'), max: new Date('9999-01-01'), noInvalidDate: true });
const word = fc.stringMatching(/^[a-z][a-z0-9_-]{0,8}$/);
const state: fc.Arbitrary<ConsentState> = fc.record({
  action: fc.constantFrom(...consentActions),
  since: moment,
  expiresAt: fc.option(moment),
  noticeVersion: fc.option(
    fc.oneof(fc.string({ unit: 'binary' }), fc.constantFrom('\n', '\t', '"', 'ads\tgrant')),
  ),
  number: fc.nat(),
});
const plain = (consent: ConsentState | undefined) =>
  consent && {
    action: consent.action,
    since: consent.since,
    expiresAt: consent.expiresAt,
    noticeVersion: consent.noticeVersion,
    number: consent.number,
  };

describe('the lines of a person’s consents', () => {
  it('tell of every purpose what was written, and of no other', () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(fc.tuple(word, state), { selector: ([name]) => name }),
        word,
        (entries, other) => {
          const consents = new Map(entries);
          const lines = new ConsentLines(written(consents));
          for (const purpose of [...consents.keys(), other])
            expect(plain(lines.get(purpose))).toEqual(plain(consents.get(purpose)));
        },
      ),
      { numRuns: 1_000 },
    );
  });

  it('take a purpose for no other that begins or ends alike', () => {
    const grant = {
      action: 'grant',
      since: new Date(0),
      expiresAt: null,
      noticeVersion: null,
      number: 1,
    } as const;
    const lines = new ConsentLines(written(new Map([['ads-more', grant]])));
    expect(lines.get('ads')).toBeUndefined();
    expect(lines.get('more')).toBeUndefined();
    expect(lines.get('grant')).toBeUndefined();
    expect(lines.get('')).toBeUndefined();
    expect(new ConsentLines('').get('ads')).toBeUndefined();
  });

  it('do not read an action that nobody knows', () => {
    expect(() => new ConsentLines('\nads\tshrug\t0\t\t1\t').get('ads')).toThrow(TypeError);
  });
});
