import { describe, expect, it } from 'vitest';
import { DomainError } from '#kernel';
import { composePolicy, type Packs, type PolicyFile } from './compose-policy.js';

const file = (name: string, text: string): PolicyFile => ({ name, text });
const packs: Packs = new Map([
  [
    'law',
    file(
      'law.yaml',
      'erasure:\n  law-erasure: { then: purge, source: Art. 17 }\nclocks:\n  answer: { within: P1M }',
    ),
  ],
  ['same', file('same.yaml', 'clocks: { answer: { within: P1M } }')],
  ['other', file('other.yaml', 'clocks: { answer: { within: P2M } }')],
  ['broken', file('broken.yaml', 'clocks: { answer: { within: soon } }')],
]);

/** What is wrong, as `file:line pointer`. */
function faultsOf(...files: readonly PolicyFile[]): readonly string[] {
  try {
    composePolicy(files, packs);
  } catch (error) {
    if (error instanceof DomainError && error.code === 'policy.invalid')
      return error.faults.map(({ file: name, line, pointer }) => `${name ?? ''}:${line ?? ''} ${pointer}`);
    throw error;
  }
  return [];
}

function sentenceOf(text: string): string {
  try {
    composePolicy([file('p.yaml', text)], packs);
    return '';
  } catch (error) {
    return (error as Error).message;
  }
}

describe('a policy of several files', () => {
  it('is the sum of them, and remembers where each thing was written', () => {
    const { policy, origins } = composePolicy(
      [
        file('purposes.yaml', '\npurposes:\n  ads: { title: Ads, legalBasis: consent }'),
        file('rules/retention.yaml', 'retention:\n  old:\n    match: { purpose: ads }\n    keep: P1Y'),
      ],
      packs,
    );
    expect(Object.keys(policy.purposes)).toEqual(['ads']);
    expect(policy.retention['old']).toMatchObject({
      match: { purpose: ['ads'] },
      keep: 'P1Y',
      from: 'collected',
      then: 'purge',
    });
    expect(origins.get('purposes/ads')).toEqual({ file: 'purposes.yaml', line: 3 });
    expect(origins.get('retention/old')).toEqual({ file: 'rules/retention.yaml', line: 2 });
  });

  it('is refused when two define one name, with both places', () => {
    const twice = [
      file('a.yaml', 'clocks: { x: { within: P1M } }'),
      file('b.yaml', '\nclocks:\n  x: { within: P1M }'),
    ];
    expect(faultsOf(...twice)).toEqual(['b.yaml:3 /clocks/x']);
    expect(() => composePolicy(twice)).toThrow(/b\.yaml:3.*already defined in a\.yaml:1/);
  });

  it.each([
    ['no file', []],
    ['two files of one name', [file('a', ''), file('a', '')]],
    ['too many files', Array.from({ length: 101 }, (_, index) => file(`${index}`, ''))],
    [
      'more than 2 MiB together',
      [
        file('a', `#${'x'.repeat(1_048_570)}`),
        file('b', `#${'x'.repeat(1_048_570)}`),
        file('c', '#xxxxxxxxxxxxxxxx'),
      ],
    ],
  ])('is refused when it is %s', (_, files) => {
    expect(() => composePolicy(files)).toThrow(DomainError);
  });
});

describe('a pack', () => {
  it('is the ground that a policy builds on, and what the policy names alike takes its place', () => {
    const { policy, origins, replaced } = composePolicy(
      [file('p.yaml', 'packs: [law]\nclocks: { answer: { within: P10D } }')],
      packs,
    );
    expect(policy.erasure['law-erasure']?.source).toBe('Art. 17');
    expect(policy.clocks['answer']?.within).toBe('P10D');
    expect(replaced).toEqual(['clocks/answer']);
    expect(origins.get('erasure/law-erasure')).toEqual({ file: 'law.yaml', line: 2, pack: 'law' });
  });

  it('may say word for word what another says, and nothing else of that name', () => {
    expect(faultsOf(file('p.yaml', 'packs: [law, same]'))).toEqual([]);
    expect(faultsOf(file('p.yaml', 'packs: [law, other]'))).toEqual(['other.yaml:1 /clocks/answer']);
  });

  it('that does not exist, or is not valid itself, is refused with its place', () => {
    expect(faultsOf(file('p.yaml', '\npacks:\n  - law\n  - gpdr'))).toEqual(['p.yaml:4 /packs/1']);
    expect(faultsOf(file('p.yaml', 'packs: [broken]'))).toEqual(['broken.yaml:1 /clocks/answer/within']);
  });
});

describe('a policy that cannot be right', () => {
  const bomb = `a: &a [x, x, x]\nb: &b [*a, *a, *a]\nclocks: [*b, *b, *b]`;
  it.each([
    ['a rule without a period', 'retention:\n  r: { match: {} }', ['p.yaml:2 /retention/r/keep']],
    ['a period of nothing', 'retention: { r: { keep: P0D } }', ['p.yaml:1 /retention/r/keep']],
    ['a negative period', 'retention: { r: { keep: -P1M } }', ['p.yaml:1 /retention/r/keep']],
    ['a word for a period', 'retention:\n  r:\n    keep: forever', ['p.yaml:3 /retention/r/keep']],
    [
      'indefinitely without a reason',
      'retention: { r: { keep: indefinitely } }',
      ['p.yaml:1 /retention/r/reason'],
    ],
    [
      'a minimum above its maximum',
      'retention:\n  r:\n    keep: P1M\n    atLeast: P31D',
      ['p.yaml:4 /retention/r/atLeast'],
    ],
    [
      'a minimum of 29 days in a month that may have 28',
      'retention: { r: { keep: P1M, atLeast: P29D } }',
      ['p.yaml:1 /retention/r/atLeast'],
    ],
    [
      'an unknown category',
      'retention:\n  r: { match: { category: user.nonsense }, keep: P1Y }',
      ['p.yaml:2 /retention/r/match/category'],
    ],
    [
      'an unknown purpose',
      'retention: { r: { match: { purpose: ads }, keep: P1Y } }',
      ['p.yaml:1 /retention/r/match/purpose'],
    ],
    [
      'an unknown jurisdiction',
      'erasure: { r: { match: { jurisdiction: mars } } }',
      ['p.yaml:1 /erasure/r/match/jurisdiction'],
    ],
    [
      'a jurisdiction within itself',
      'jurisdictions:\n  a: { title: A, within: b }\n  b: { title: B, within: a }',
      ['p.yaml:2 /jurisdictions/a/within', 'p.yaml:3 /jurisdictions/b/within'],
    ],
    [
      'an unknown strategy',
      'erasure: { r: { then: { redact: blur } } }',
      ['p.yaml:1 /erasure/r/then/redact'],
    ],
    [
      'a retention without a basis',
      'erasure:\n  r:\n    then:\n      retain: { for: P1Y }',
      ['p.yaml:4 /erasure/r/then/retain/basis'],
    ],
    ['an unknown key', 'retention: { r: { keep: P1Y, untill: never } }', ['p.yaml:1 /retention/r/untill']],
    ['an unknown section', 'retentions: {}', ['p.yaml:1 /retentions']],
    [
      'two clocks for one jurisdiction',
      'clocks:\n  a: { within: P1M }\n  b: { within: P2M }',
      ['p.yaml:3 /clocks/b'],
    ],
    [
      'two rules that match the same',
      'retention:\n  a: { match: { store: s }, keep: P1Y }\n  b: { match: { store: [t, s] }, keep: P2Y }',
      ['p.yaml:3 /retention/b/match'],
    ],
    ['two defaults', 'erasure:\n  a: {}\n  b: {}', ['p.yaml:3 /erasure/b/match']],
    [
      'a maximum that lies under a longer minimum',
      'retention:\n  law: { match: { category: user }, atLeast: P7Y }\n  ours: { match: { category: user.behavior, store: s }, keep: P1Y }',
      ['p.yaml:3 /retention/ours/keep'],
    ],
    [
      'a rule of too many combinations',
      `retention: { r: { keep: P1Y, match: { ${['field', 'dataset', 'store'].map((one) => `${one}: [${Array.from({ length: 30 }, (_, index) => `v${index}`).join(', ')}]`).join(', ')} } } }`,
      ['p.yaml:1 /retention/r/match'],
    ],
    ['a bomb of aliases', bomb, ['p.yaml:1 ', 'p.yaml:2 ', 'p.yaml:2 ', 'p.yaml:2 ', 'p.yaml:2 ']],
    ['an anchor that nobody uses', 'clocks: &c {}', ['p.yaml:1 ']],
    ['a merge of an anchor', 'a: &a { within: P1M }\nclocks: { x: { <<: *a } }', ['p.yaml:1 ', 'p.yaml:2 ']],
    ['a name given twice', 'clocks:\n  a: { within: P1M }\n  a: { within: P1M }', ['p.yaml:3 ']],
    ['no YAML', 'clocks: [', ['p.yaml:1 ']],
    ['a list', '[]', ['p.yaml:1 ']],
    ['more than a megabyte', `#${'x'.repeat(10_000_000)}`, ['p.yaml:1 ']],
    ['lists in lists', '['.repeat(50_000), Array.from({ length: 5 }, () => 'p.yaml:1 ')],
  ])('is refused with file, line and path: %s', (_, text, places) => {
    const found = faultsOf(file('p.yaml', text));
    if (text.length > 2_097_152) expect(found).toHaveLength(1);
    else expect(found.slice(0, 5)).toEqual(places);
  });

  it('names both rules of a contradiction, and what they say', () => {
    const text =
      'retention:\n  law: { match: { category: user }, atLeast: P7Y }\n  ours: { match: { category: user.behavior }, keep: P1Y }';
    expect(sentenceOf(text)).toContain('retention/law keeps for P7Y at least');
  });

  it('has at most a hundred faults to read', () => {
    const text = `retention: { ${Array.from({ length: 300 }, (_, index) => `r${index}: { keep: x }`).join(', ')} }`;
    expect(faultsOf(file('p.yaml', text))).toHaveLength(100);
    expect(sentenceOf(text)).toContain('and 299 more');
  });

  it('may keep for P1M what must be kept for 28 days, wherever the month begins', () => {
    expect(faultsOf(file('p.yaml', 'retention: { r: { keep: P1M, atLeast: P28D } }'))).toEqual([]);
  });

  it('may be empty', () => {
    expect(faultsOf(file('p.yaml', ''))).toEqual([]);
  });
});
