import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { cutOff } from './calendar.js';
import { parsePolicy } from './compose-policy.js';
import { govern } from './govern.js';
import type { GovernedDataset, GovernedField, SweepStep } from './governed.js';

const now = new Date('2026-11-23T12:00:00.000Z');
const purposes = `
purposes:
  service: { title: Service, legalBasis: contract }
  ads: { title: Ads, legalBasis: consent }
  training: { title: Training, legalBasis: consent }
`;

function field(name: string, category: string, more: Partial<GovernedField> = {}): GovernedField {
  return { field: name, category, structural: false, own: null, ...more };
}

function dataset(more: Partial<GovernedDataset> = {}): GovernedDataset {
  return {
    store: 'shop',
    dataset: 'clicks',
    purposes: ['service'],
    jurisdiction: null,
    moments: [],
    fields: [field('user_id', 'user.unique_id', { structural: true }), field('page', 'user.behavior')],
    ...more,
  };
}

/** One dataset under a policy. */
function under(text: string, given: GovernedDataset = dataset()) {
  const policy = parsePolicy(`${purposes}${text}`);
  const world = govern(policy, [{ name: given.store, level: 'expunged', datasets: [given] }], now);
  const found = world.datasets.get(`${given.store}/${given.dataset}`);
  return {
    ...world,
    steps: found?.steps ?? [],
    disposal: found?.disposal,
    sentences: [...world.conflicts, ...world.unenforced].map(({ message }) => message),
  };
}

const contact = field('email', 'user.contact.email');
const rest = 'rest: { keep: indefinitely, reason: r }';

describe('how long a row is kept', () => {
  it.each([
    ['the only rule there is', 'a: { keep: P1Y }', 'a'],
    [
      'the rule of the dataset, not of the store',
      'a: { match: { store: shop }, keep: P1Y }\n  b: { match: { dataset: clicks }, keep: P2Y }',
      'b',
    ],
    [
      'the rule of the field, whatever else is said',
      'a: { match: { store: shop, dataset: clicks, category: user.behavior }, keep: P1Y }\n  b: { match: { field: page }, keep: P2Y }',
      'b',
    ],
    [
      'the rule of the deeper category',
      'a: { match: { category: user }, keep: P1Y }\n  b: { match: { category: user.behavior }, keep: P2Y }',
      'b',
    ],
    ['the rule of the purpose', 'a: { keep: P1Y }\n  b: { match: { purpose: service }, keep: P2Y }', 'b'],
    ['not the rule of another purpose', 'a: { keep: P1Y }\n  b: { match: { purpose: ads }, keep: P2Y }', 'a'],
    [
      'not the rule of another store',
      'a: { keep: P1Y }\n  b: { match: { category: [user.contact, user.content] }, keep: P2Y }',
      'a',
    ],
  ])('is said by %s', (_, rules, expected) => {
    const { steps, conflicts } = under(`retention:\n  ${rules}`);
    expect(conflicts).toEqual([]);
    expect(steps.map(({ rule }) => rule)).toEqual([expected]);
  });

  it('is the longest period of its purposes, and for ever when one of them keeps it', () => {
    const rules =
      'retention:\n  a: { match: { purpose: ads }, keep: P1Y }\n  b: { match: { purpose: service }, keep: P3Y }';
    const both = dataset({ purposes: ['ads', 'service'] });
    expect(under(rules, both).steps).toEqual([
      { rule: 'b', keep: 'P3Y', from: 'collected', onlyPurposes: null },
    ]);
    const withTraining = `${rules}\n  c: { match: { purpose: training }, keep: indefinitely, reason: r }`;
    expect(under(withTraining, dataset({ purposes: ['ads', 'training'] })).steps).toEqual([]);
  });

  it('is refused where no period is always the longer', () => {
    const rules =
      'retention:\n  a: { match: { purpose: ads }, keep: P1M }\n  b: { match: { purpose: service }, keep: P30D }';
    const found = under(rules, dataset({ purposes: ['ads', 'service'] }));
    expect(found.steps).toEqual([]);
    expect(found.conflicts).toMatchObject([{ rules: ['retention/a', 'retention/b'] }]);
  });

  it('is refused where the fields of a row are kept for different periods', () => {
    const rules = 'retention:\n  a: { match: { category: user.contact }, keep: P1Y }\n  b: { keep: P3Y }';
    const found = under(rules, dataset({ fields: [contact, field('page', 'user.behavior')] }));
    expect(found.steps).toEqual([]);
    expect(found.conflicts[0]?.message).toContain(
      'email for P1Y from collected; page for P3Y from collected',
    );
  });

  it('asks only the fields that are more than what holds a row together', () => {
    const rules = `retention:\n  a: { match: { category: user.behavior }, keep: P1Y }\n  ${rest}`;
    const found = under(rules);
    expect(found.steps.map(({ rule }) => rule)).toEqual(['a']);
    expect(found.fields.map((one) => [one.field, one.retention])).toEqual([
      ['user_id', ['retention/a']],
      ['page', ['retention/a']],
    ]);
  });

  it('waits for an exception to end, to the day', () => {
    const rule = (until: string) =>
      `retention:\n  a: { keep: P1Y, exceptions: [{ match: { category: user }, basis: legal_claims, until: ${until} }] }`;
    expect(under(rule('2026-11-23')).steps).toEqual([]);
    expect(under(rule('2026-11-22')).steps).toHaveLength(1);
    expect(
      under(
        'retention:\n  a: { keep: P1Y, exceptions: [{ match: { purpose: ads }, basis: legal_claims, until: 2030-01-01 }] }',
      ).steps,
    ).toHaveLength(1);
    const byRow = dataset({ purposes: null });
    expect(
      under(
        'retention:\n  a: { keep: P1Y, exceptions: [{ match: { purpose: ads }, basis: legal_claims, until: 2030-01-01 }] }',
        byRow,
      ).steps,
    ).toEqual([]);
  });

  it('counts from a moment that the rows carry, and from no other', () => {
    const rules = 'retention: { a: { keep: P1Y, from: last_used } }';
    expect(under(rules, dataset({ moments: ['last_used'] })).steps).toMatchObject([{ from: 'last_used' }]);
    const without = under(rules);
    expect(without.steps).toEqual([]);
    expect(without.conflicts[0]?.message).toContain('carry no moment last_used');
  });
});

describe('a minimum', () => {
  it('that is longer than the maximum is refused, and both are named', () => {
    const rules =
      'retention:\n  max: { match: { store: shop }, keep: P1Y }\n  min: { match: { category: user }, atLeast: P2Y }';
    const { conflicts } = under(rules);
    expect(conflicts[0]).toMatchObject({ fields: ['page'], rules: ['retention/max', 'retention/min'] });
    expect(conflicts[0]?.message).toBe(
      'kept for P1Y at most, but retention/min keeps it for P2Y from collected at least',
    );
  });

  it('holds however specific the maximum is, and however general the minimum', () => {
    const rules =
      'retention:\n  max: { match: { store: shop, dataset: clicks, field: page }, keep: P1Y }\n  min: { atLeast: P2Y }';
    expect(() => under(rules)).toThrow('retention/min keeps for P2Y at least');
  });

  it('counted from another moment cannot be compared, and nobody guesses', () => {
    const rules =
      'retention:\n  max: { match: { store: shop }, keep: P9Y }\n  min: { match: { category: user }, atLeast: P2Y, from: last_used }';
    expect(under(rules).conflicts[0]?.message).toContain('cannot be compared');
  });

  it('stands in the way of an erasure until a rule says what becomes of it', () => {
    const min = 'retention:\n  min: { match: { category: user }, atLeast: P2Y }\n  max: { keep: P3Y }\n';
    expect(under(`${min}erasure: { all: {} }`).conflicts[0]).toMatchObject({
      rules: ['erasure/all', 'retention/min'],
    });
    const retained = under(
      `${min}erasure: { all: { then: { retain: { basis: legal_obligation, for: P2Y } } } }`,
    );
    expect(retained.conflicts).toEqual([]);
    expect(retained.disposal).toEqual({ kind: 'retain', basis: 'legal_obligation', for: 'P2Y' });
  });
});

describe('what is not carried out', () => {
  it.each([
    ['a redaction', 'a: { keep: P1Y, then: { redact: hash } }', 'redaction (hash)'],
    ['an aggregate', 'a: { keep: P1Y, then: aggregate }', '“aggregate”'],
    ['a question to somebody', 'a: { keep: P1Y, then: ask }', '“ask”'],
    ['a notice', 'a: { keep: P1Y, notice: P2D }', 'without notice nothing is erased'],
    ['the end of a consent', 'a: { keep: P1Y, from: consent_ended }', 'end of a consent'],
  ])('is said, and no step does it by halves: %s', (_, rule, sentence) => {
    const { steps, unenforced, conflicts, uncovered } = under(`retention:\n  ${rule}\nerasure: { all: {} }`);
    expect(steps).toEqual([]);
    expect(conflicts).toEqual([]);
    expect(uncovered).toEqual([]);
    expect(unenforced[0]?.message).toContain(sentence);
  });

  it('is said of rules by consent, and by a jurisdiction that the data map does not name', () => {
    const rules =
      'jurisdictions: { eu: { title: EU } }\nretention:\n  a: { keep: P9Y }\n  b: { match: { consent: withdrawn }, keep: P1Y }\n  c: { match: { jurisdiction: eu }, keep: P2Y }';
    const found = under(rules);
    expect(found.steps.map(({ rule }) => rule)).toEqual(['a']);
    expect(found.unenforced.flatMap((one) => one.rules)).toEqual(['retention/b', 'retention/c']);
    const named = under(rules, dataset({ jurisdiction: 'eu' }));
    expect(named.steps.map(({ rule }) => rule)).toEqual(['c']);
    // Where the jurisdiction is known, its rule wins over what a consent would say.
    expect(named.unenforced).toEqual([]);
  });

  it('is refused when a row would go before its fields are due for something else', () => {
    const rules =
      'retention:\n  a: { match: { category: user.contact }, keep: P5Y, then: { redact: hash } }\n  b: { keep: P3Y }';
    const found = under(rules, dataset({ fields: [contact, field('page', 'user.behavior')] }));
    expect(found.steps).toEqual([]);
    expect(found.conflicts[0]?.message).toContain('before these fields are due');
    const sooner = rules.replace('P5Y', 'P1Y');
    expect(under(sooner, dataset({ fields: [contact, field('page', 'user.behavior')] })).steps).toMatchObject(
      [{ rule: 'b' }],
    );
  });
});

describe('what becomes of a dataset when a person is erased', () => {
  const keep = 'retention: { a: { keep: P1Y } }\n';
  it.each([
    ['removed', 'erasure: { a: {} }', dataset(), { kind: 'purge' }],
    [
      'kept on a basis',
      'erasure: { a: { then: { retain: { basis: legal_claims } } } }',
      dataset(),
      { kind: 'retain', basis: 'legal_claims', for: null },
    ],
    [
      'what the data map says itself, whatever the policy',
      'erasure: { a: { match: { field: page } } }',
      dataset({ fields: [field('page', 'user.behavior', { own: { retain: { basis: 'contract' } } })] }),
      { kind: 'retain', basis: 'contract', for: null },
    ],
    [
      'unsupported where fields go different ways',
      'erasure:\n  a: {}\n  b: { match: { category: user.contact }, then: { retain: { basis: contract } } }',
      dataset({ fields: [contact, field('page', 'user.behavior')] }),
      { kind: 'unsupported' },
    ],
    [
      'unsupported where it would be redacted',
      'erasure: { a: { then: { redact: hash } } }',
      dataset(),
      { kind: 'unsupported' },
    ],
    ['unsupported where it has no rule', '', dataset(), { kind: 'unsupported' }],
    [
      'kept when one of its purposes has to keep it',
      'erasure:\n  a: {}\n  b: { match: { purpose: service }, then: { retain: { basis: legal_obligation } } }',
      dataset({ purposes: ['ads', 'service'] }),
      { kind: 'retain', basis: 'legal_obligation', for: null },
    ],
    [
      'unsupported where its rows would go different ways',
      'erasure:\n  a: {}\n  b: { match: { purpose: service }, then: { retain: { basis: legal_obligation } } }',
      dataset({ purposes: null }),
      { kind: 'unsupported' },
    ],
  ])('is %s', (_, rules, given, expected) => {
    expect(under(`${keep}${rules}`, given).disposal).toEqual(expected);
  });
});

describe('the whole of what is registered', () => {
  it('has a rule for every field, or the fields without are named with what they lack', () => {
    const given = dataset({
      fields: [field('page', 'user.behavior'), contact, field('id', 'user.unique_id', { structural: true })],
    });
    const { uncovered } = under(
      'retention:\n  a: { match: { category: user.behavior }, keep: P1Y }\nerasure:\n  b: { match: { category: user.contact } }',
      given,
    );
    expect(uncovered.map(({ field: name, lacks }) => [name, lacks])).toEqual([
      ['page', ['erasure']],
      ['email', ['retention']],
      ['id', ['retention', 'erasure']],
    ]);
  });

  it('never loses a row of which some field has no rule', () => {
    const given = dataset({ fields: [field('page', 'user.behavior'), contact] });
    expect(under('retention: { a: { match: { category: user.behavior }, keep: P1Y } }', given).steps).toEqual(
      [],
    );
  });

  it.each([
    ['a store', 'retention: { a: { match: { store: shpo }, keep: P1Y } }', 'there is no store shpo'],
    [
      'a dataset',
      'retention: { a: { match: { store: shop, dataset: visits }, keep: P1Y } }',
      'there is no dataset visits in shop',
    ],
    [
      'a field',
      'erasure: { a: { match: { field: pagee } } }',
      'there is no field pagee in any dataset of any store',
    ],
    ['a store of levels', 'levels: { shpo: removed }', 'there is no store shpo'],
    ['a store of limits', 'limits: { a: { store: shpo, rows: 1 } }', 'there is no store shpo'],
  ])(
    'is what rules are about, and one that names %s that does not exist is refused',
    (_, rules, sentence) => {
      expect(under(rules).conflicts.map(({ message }) => message)).toContain(sentence);
    },
  );

  it('is refused a level that its store cannot reach', () => {
    const levelOf = (level: string) =>
      under(`levels: { shop: ${level} }`).conflicts.map(({ message }) => message);
    expect(levelOf('expunged')).toEqual([]);
    expect(levelOf('shredded')).toEqual([
      'the policy wants level shredded, and this store reaches expunged at most',
    ]);
  });
});

describe('steps by purpose', () => {
  /** The moment before which a row has to have been collected to go, as its purposes say: the earliest of theirs. */
  const periods = { service: 'P3Y', ads: 'P6M', training: 'indefinitely' } as const;
  const rules = `retention:
  other: { keep: P1Y }
  of-service: { match: { purpose: service }, keep: P3Y }
  of-ads: { match: { purpose: ads }, keep: P6M }
  of-training: { match: { purpose: training }, keep: indefinitely, reason: r }`;
  const { steps } = under(rules, dataset({ purposes: null }));
  const reaches = ({ onlyPurposes }: SweepStep, listed: readonly string[]) =>
    onlyPurposes === null ||
    (onlyPurposes.length === 0
      ? listed.length === 0
      : listed.length > 0 && listed.every((one) => onlyPurposes.includes(one)));

  it('remove a row when the longest of its purposes lets go of it, never before and never otherwise', () => {
    fc.assert(
      fc.property(
        fc.subarray([...Object.keys(periods), 'unheard-of']),
        fc.date({ min: new Date('2020-01-01T00:00:00Z'), max: now, noInvalidDate: true }),
        (listed, collected) => {
          const removed = steps.some((step) => reaches(step, listed) && collected < cutOff(now, step.keep));
          const keeps =
            listed.length === 0
              ? ['P1Y']
              : listed.map(
                  (one) => Object.entries(periods).find(([name]) => name === one)?.[1] ?? 'indefinitely',
                );
          const due = keeps.every((keep) => keep !== 'indefinitely' && collected < cutOff(now, keep));
          expect(removed).toBe(due);
        },
      ),
      { numRuns: 1_000 },
    );
  });

  it('are one step when all purposes come to the same', () => {
    const same = 'retention:\n  a: { keep: P1Y }\n  b: { match: { purpose: ads }, keep: P1Y }';
    expect(under(same, dataset({ purposes: null })).steps).toMatchObject([
      { keep: 'P1Y', onlyPurposes: null },
    ]);
  });
});
