import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { DomainError, type Fault } from '#kernel';
import { dataMapJsonSchema, parseDataMap, type DataMap } from './data-map.js';
import type { Manifest } from './contract.js';

const settings = z.strictObject({ url: z.string().startsWith('db:'), pool: z.int().default(1) });
const manifest = (type: string, capabilities: Manifest['capabilities']): Manifest => ({
  type,
  title: type,
  settings,
  secrets: ['url'],
  capabilities,
  level: 'removed',
  endpoint: (given) => settings.parse(given).url,
});
const manifests = new Map([
  ['able', manifest('able', ['purposes_by_column'])],
  ['plain', manifest('plain', [])],
]);

const dataset = `
          location: movielens.ratings
          subjectKey: { field: user_id, form: integer, identifier: account_id }
          collectedAt: { field: rated_at, form: timestamp }
          purposes: [recommendations]
          fields:
            user_id: { category: user.unique_id, rule: purge }
            rated_at: { category: user.behavior, rule: purge }
            rating: { category: 'pd:Preference', rule: purge }`;

const valid = `
stores:
  catalogue:
    type: able
    settings: { url: 'db:one' }
    backupHorizon: P30D
    datasets:
      ratings:${dataset}
      tags:${dataset}
          derivedFrom: [catalogue/ratings]
          tenantFilter: { field: tenant, value: demo }
  vectors:
    type: plain
    settings: { url: 'db:two', pool: 3 }
    region: eu
    datasets:
      features:${dataset.replaceAll('rule: purge', 'rule: { keep: { basis: legal_obligation, until: P10Y } }')}
          derivedFrom: [catalogue/ratings, catalogue/tags]
`;

function faultsOf(text: string, options?: Parameters<typeof parseDataMap>[2]): readonly Fault[] {
  try {
    parseDataMap(text, manifests, options);
  } catch (error) {
    expect(error).toMatchObject({ kind: 'invalid', code: 'data_map.invalid' });
    return error instanceof DomainError ? error.faults : [];
  }
  return [];
}

function changed(from: string, to: string): readonly Fault[] {
  expect(valid).toContain(from);
  return faultsOf(valid.replace(from, to));
}

const ratings = '/stores/catalogue/datasets/ratings';

describe('a data map', () => {
  it('is read with its defaults', () => {
    const map: DataMap = parseDataMap(valid, manifests);
    expect(
      map.stores.map(({ name, type, region, backupHorizon }) => [name, type, region, backupHorizon]),
    ).toEqual([
      ['catalogue', 'able', 'default', 'P30D'],
      ['vectors', 'plain', 'eu', undefined],
    ]);
    expect(map.stores[0]?.settings).toEqual({ url: 'db:one', pool: 1 });
    expect(map.stores[0]?.datasets[1]).toEqual({
      name: 'tags',
      location: 'movielens.ratings',
      subjectKey: { field: 'user_id', form: 'integer' },
      identifier: 'account_id',
      collectedAt: { field: 'rated_at', form: 'timestamp' },
      moments: {},
      purposes: ['recommendations'],
      derivedFrom: ['catalogue/ratings'],
      tenantFilter: { field: 'tenant', value: 'demo' },
      fields: ['user_id', 'rated_at', 'rating'],
      fieldRules: {
        user_id: { category: 'user.unique_id', rule: 'purge' },
        rated_at: { category: 'user.behavior', rule: 'purge' },
        rating: { category: 'pd:Preference', rule: 'purge' },
      },
    });
    expect(map.stores[1]?.datasets[0]?.fieldRules['rating']?.rule).toEqual({
      keep: { basis: 'legal_obligation', until: 'P10Y' },
    });
  });

  it('takes purposes from a field where the store can tell them by row, and only there', () => {
    const byField = (text: string) =>
      text.replaceAll('purposes: [recommendations]', 'purposes: { field: rating }');
    const [catalogue = '', vectors = ''] = valid.split('  vectors:');
    const map = parseDataMap(`${byField(catalogue)}  vectors:${vectors}`, manifests);
    expect(map.stores[0]?.datasets[0]).toMatchObject({ purposes: [], purposesField: 'rating' });
    expect(map.stores[1]?.datasets[0]).not.toHaveProperty('purposesField');
    expect(faultsOf(`${catalogue}  vectors:${byField(vectors)}`)).toEqual([
      {
        pointer: '/stores/vectors/datasets/features/purposes/field',
        message: expect.stringContaining('row by row') as string,
      },
    ]);
  });

  it.each([
    ['type: able', 'type: unknown', '/stores/catalogue/type', 'no connector'],
    ["url: 'db:one'", "url: 'http:one'", '/stores/catalogue/settings/url', ''],
    ["url: 'db:one'", 'pool: 2', '/stores/catalogue/settings/url', ''],
    ["url: 'db:one'", "url: 'db:one', other: 1", '/stores/catalogue/settings/other', 'not known'],
    ['backupHorizon: P30D', 'backupHorizon: P0D', '/stores/catalogue/backupHorizon', 'duration'],
    ['backupHorizon: P30D', 'colour: red', '/stores/catalogue/colour', 'not known'],
    ['  catalogue:\n', '  Catalogue:\n', '/stores/Catalogue', 'store name'],
    ['category: user.unique_id, ', '', `${ratings}/fields/user_id/category`, 'needs a category'],
    ['user.unique_id', 'User.Id', `${ratings}/fields/user_id/category`, 'dotted'],
    ['user.unique_id', 'user..id', `${ratings}/fields/user_id/category`, 'dotted'],
    ['rule: purge', 'rule: mask', `${ratings}/fields/user_id/rule`, 'a rule is purge'],
    [
      'rule: purge',
      'rule: { keep: { basis: contract } }',
      `${ratings}/fields`,
      'redaction is not supported yet',
    ],
    ['{ field: user_id,', '{ field: userid,', `${ratings}/subjectKey/field`, 'not registered'],
    ['{ field: rated_at,', '{ field: at,', `${ratings}/collectedAt/field`, 'not registered'],
    ['[recommendations]', '{ field: why }', `${ratings}/purposes/field`, 'not registered'],
    ['[recommendations]', '[]', `${ratings}/purposes`, 'at least one'],
    [
      '[catalogue/ratings]',
      '[catalogue/nothing]',
      '/stores/catalogue/datasets/tags/derivedFrom/0',
      'not in the data map',
    ],
    [
      '[catalogue/ratings]',
      '[catalogue/tags]',
      '/stores/catalogue/datasets/tags/derivedFrom/0',
      'leads back',
    ],
    [
      '[catalogue/ratings]',
      '[vectors/features]',
      '/stores/catalogue/datasets/tags/derivedFrom/0',
      'leads back',
    ],
  ])('is refused when %j becomes %j', (from, to, pointer, message) => {
    const faults = changed(from, to);
    const here = faults.filter((fault) => fault.pointer === pointer);
    expect(here.map((fault) => fault.message).join()).toContain(message);
    expect(here, JSON.stringify(faults)).not.toEqual([]);
  });

  it('may leave what becomes of a field to the policy', () => {
    const map = parseDataMap(valid.replace(', rule: purge', ''), manifests);
    expect(map.stores[0]?.datasets[0]?.fieldRules['user_id']).toEqual({ category: 'user.unique_id' });
  });

  it('may name further moments and a jurisdiction, of fields that are registered', () => {
    const more = (field: string) =>
      valid.replace(
        'collectedAt:',
        `jurisdiction: eu\n          moments: { last_used: { field: ${field}, form: timestamp } }\n          collectedAt:`,
      );
    const [first] = parseDataMap(more('rated_at'), manifests).stores[0]?.datasets ?? [];
    expect(first).toMatchObject({ jurisdiction: 'eu', moments: { last_used: { field: 'rated_at' } } });
    expect(faultsOf(more('nothing')).map(({ pointer }) => pointer)).toContain(
      `${ratings}/moments/last_used/field`,
    );
  });

  it('tells all faults at once, each in its place', () => {
    const text = valid
      .replace('type: plain', 'type: unknown')
      .replace("url: 'db:one'", 'pool: 0.5')
      .replace('rule: purge', 'rule: mask')
      .replace('[catalogue/ratings]', '[catalogue/nothing]');
    expect(faultsOf(text).map(({ pointer }) => pointer)).toEqual([
      '/stores/catalogue/settings/url',
      '/stores/catalogue/settings/pool',
      '/stores/catalogue/datasets/ratings/fields/user_id/rule',
      '/stores/vectors/type',
      '/stores/catalogue/datasets/tags/derivedFrom/0',
    ]);
  });

  it('is refused with the line when it is not YAML, repeats a name, or grows from aliases', () => {
    expect(faultsOf('stores: {\n  a: [')[0]?.message).toMatch(/^line \d/);
    expect(faultsOf(`${valid}  vectors: {}\n`)[0]?.message).toMatch(/^line \d+.*duplicate/);
    expect(faultsOf('stores: !!js/function x')).toHaveLength(1);
    expect(faultsOf(`a: &a [x]\nstores: [*a]`).map(({ line }) => line)).toEqual([1, 2]);
    expect(faultsOf(`#${'x'.repeat(1_048_576)}`)[0]?.message).toContain('1 MiB');
  });

  it.each([
    '',
    '[]',
    'null',
    '7',
    'stores: 7',
    'stores: []',
    'stores: { a: null }',
    'stores: { a: { datasets: { b: 1 } } }',
  ])('is refused when it is %j', (text) => {
    expect(faultsOf(text)).not.toEqual([]);
  });
});

describe('a secret in a data map', () => {
  const referring = valid
    .replace("url: 'db:one'", 'url: { env: SHOP_URL }')
    .replace("url: 'db:two'", 'url: { file: /run/two }');

  it('is refused as a reference by default: nobody names our environment from outside', () => {
    expect(faultsOf(referring).map(({ pointer }) => pointer)).toEqual([
      '/stores/catalogue/settings/url',
      '/stores/vectors/settings/url',
    ]);
  });

  it('is fetched by the reader that a caller gives, before the settings are checked', () => {
    const map = parseDataMap(referring, manifests, {
      readSecret: (reference) => ('env' in reference ? `db:${reference.env}` : `db:${reference.file}`),
    });
    expect(map.stores.map((store) => store.settings['url'])).toEqual(['db:SHOP_URL', 'db:/run/two']);
  });

  it('shows in no fault, whether it cannot be read or does not fit', () => {
    const unread = () => {
      throw new Error('no such secret: canary');
    };
    expect(JSON.stringify(faultsOf(referring, { readSecret: unread }))).not.toContain('canary');
    expect(faultsOf(referring, { readSecret: unread })).toHaveLength(2);
    expect(JSON.stringify(faultsOf(referring, { readSecret: () => 'canary' }))).not.toContain('canary');
    expect(faultsOf(referring, { readSecret: () => 'canary' })).toHaveLength(2);
  });
});

describe('the published JSON Schema', () => {
  it('describes stores, datasets, and the settings of each connector', () => {
    const text = JSON.stringify(dataMapJsonSchema(manifests));
    for (const word of ['derivedFrom', 'subjectKey', 'backupHorizon', 'x-connectors', '"able"', '"pool"'])
      expect(text).toContain(word);
  });
});
