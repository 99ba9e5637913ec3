import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { pointers, refused, unchanged } from './refusals.js';
import { createTenant, startTestSystem, type Client, type TestSystem } from './system.js';

/** Small to send, large to build: nine levels of ten aliases each. */
const bomb = Array.from({ length: 9 }, (_, level) => {
  const name = (index: number) => String.fromCharCode(97 + index);
  const value = level === 0 ? '"lol"' : `*${name(level - 1)}`;
  return `${name(level)}: &${name(level)} [${Array.from({ length: 10 }, () => value).join(', ')}]`;
}).join('\n');
const deep = 50_000;

describe('a document that cannot be right', () => {
  let system: TestSystem;
  let admin: Client;
  let holds: () => Promise<void>;

  beforeAll(async () => {
    system = await startTestSystem({ worker: false });
    admin = await createTenant(system, 'acme');
  });
  afterAll(() => system.stop());
  beforeEach(async () => {
    holds = await unchanged(system);
  });
  afterEach(() => holds());

  const key = 'subjectKey: { field: person, form: text, identifier: email }';
  const at = 'collectedAt: { field: at, form: timestamp }';
  const fields =
    'fields: { person: { category: user.contact.email, rule: purge }, at: { category: user.behavior, rule: purge } }';
  const map = (dataset: string, store = 'type: postgres, settings: { url: "postgres://localhost/x" }') =>
    `stores: { rows: { ${store}, datasets: { clicks: { ${dataset} } } } }`;
  const whole = `location: host.clicks, ${key}, ${at}, purposes: [ads], ${fields}`;
  const dataset = '/stores/rows/datasets/clicks';

  it.each([
    ['no store', '{}', ['/stores']],
    ['a connector that does not exist', map(whole, 'type: oracle, settings: {}'), ['/stores/rows/type']],
    [
      'settings of another connector',
      map(whole, 'type: postgres, settings: { folder: /x }'),
      ['/stores/rows/settings/folder', '/stores/rows/settings/url'],
    ],
    [
      'no subject key',
      map(`location: host.clicks, ${at}, purposes: [ads], ${fields}`),
      [`${dataset}/subjectKey`],
    ],
    [
      'a subject key that is not a field',
      map(whole.replace('field: person', 'field: who')),
      [`${dataset}/subjectKey/field`],
    ],
    ['an unknown form', map(whole.replace('form: text', 'form: hash')), [`${dataset}/subjectKey/form`]],
    [
      'a field with a rule that does not exist',
      map(whole.replace('rule: purge }, at', 'rule: blur }, at')),
      [`${dataset}/fields/person/rule`],
    ],
    [
      'a source that is not registered',
      map(`${whole}, derivedFrom: [rows/other]`),
      [`${dataset}/derivedFrom/0`],
    ],
    [
      'a reference to one of our secrets',
      map(whole, 'type: postgres, settings: { url: { env: HOME } }'),
      ['/stores/rows/settings/url'],
    ],
    ['two faults at once', map(`${whole}, derivedFrom: [rows/other], colour: red`), [`${dataset}/colour`]],
  ])('is refused as a data map, with its place: %s', async (_, document, places) => {
    const problem = await refused(admin.put('/v1/data-map', document), 400);
    expect(problem.code).toBe('data_map.invalid');
    for (const place of places) expect(pointers(problem)).toContain(place);
  });

  it.each([
    [
      'an unknown basis',
      'purposes: { ads: { title: A, legalBasis: goodwill } }',
      ['/purposes/ads/legalBasis'],
    ],
    ['a period without an end', 'purposes: {}\nretention: { r: { keep: forever } }', ['/retention/r/keep']],
    ['a period of nothing', 'purposes: {}\nretention: { r: { keep: PT0S } }', ['/retention/r/keep']],
    [
      'two faults',
      'purposes: { ads: { title: "", legalBasis: consent } }\nclocks: { c: { within: soon } }',
      ['/clocks/c/within', '/purposes/ads/title'],
    ],
    [
      'a name given twice',
      'purposes: { ads: { title: A, legalBasis: consent }, ads: { title: B, legalBasis: contract } }',
      [''],
    ],
    ['a text that is no YAML', 'purposes: [', ['']],
    ['a key that is a map', 'purposes: { { a: 1 }: 2 }', ['']],
    ['a tag', 'purposes: !!js/function "() => 1"', ['']],
    ['another type of document', '"purposes"', ['']],
    ['aliases of aliases', bomb, ['']],
    ['lists in lists in lists', '['.repeat(deep), ['']],
    ['maps in maps in maps', '{a: '.repeat(deep), ['']],
  ])('is refused as a policy, with its place: %s', async (_, document, places) => {
    const problem = await refused(admin.post('/v1/policy/plans', document), 400);
    expect(problem.code).toBe('policy.invalid');
    expect([...new Set(pointers(problem))]).toEqual(places);
    expect(problem.errors?.length).toBeLessThanOrEqual(5);
  });

  it.each([
    ['post', '/v1/policy/plans'],
    ['put', '/v1/data-map'],
  ] as const)('is refused at %s %s: a document of more than a megabyte, or a bomb', async (method, path) => {
    const problem = await refused(admin[method](path, `#${'x'.repeat(1_048_576)}`), 400);
    expect(pointers(problem)).toEqual(['/document']);
    for (const document of [bomb, '['.repeat(deep)]) await refused(admin[method](path, document), 400);
  });
});
