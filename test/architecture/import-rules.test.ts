import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { temporaryTree, type Files } from './temporary-tree.js';

const root = fileURLToPath(new URL('../../', import.meta.url));
const tool = `${root}node_modules/dependency-cruiser/bin/dependency-cruiser.mjs`;
const packages = [
  'bullmq',
  'typeorm',
  'class-validator',
  'zod',
  '@nestjs/common',
  '@nestjs/bullmq',
  '@duckdb/node-api',
  '@openfeature/server-sdk',
];

/** A small tree of our shape in which every rule has something to allow. */
const clean: Files = {
  'libs/kernel/index.ts': `export { now } from './clock.js';`,
  'libs/kernel/clock.ts': `export const now = 1;`,
  'libs/decisions/index.ts': `export { decide } from './domain/decide.js';`,
  'libs/decisions/domain/decide.ts': `import type { Clock } from '#kernel'; export const decide = 1;`,
  'libs/platform/queue/index.ts': `import 'bullmq'; import '@nestjs/bullmq'; import 'typeorm'; export { now } from '#kernel';`,
  'libs/ledger/index.ts': `import '#platform/queue'; export { ledger } from './ledger.repository.js';`,
  'libs/ledger/ledger.repository.ts': `import 'typeorm'; export const ledger = 1;`,
  'libs/access/index.ts': `export { ledger as access } from '#ledger';`,
  'libs/subjects/index.ts': `export { ledger as subjects } from '#ledger';`,
  'libs/policy/domain/index.ts': `export { purpose } from './purpose.js';`,
  'libs/policy/index.ts': `import '#access'; export { read } from './read-policy.js'; export type { Policy } from './domain/policy.js';`,
  'libs/policy/read-policy.ts': `import type { EntityManager } from 'typeorm'; import '#subjects'; export const read = 1;`,
  'libs/policy/domain/policy.ts': `import 'zod'; import 'node:crypto'; import '#kernel'; import './purpose.js'; export interface Policy {}`,
  'libs/policy/domain/purpose.ts': `export const purpose = 1;`,
  'libs/consent/index.ts': `import './domain/decide.js'; export { read as consent } from '#policy';`,
  'libs/consent/domain/decide.ts': `import type { Policy } from '#policy'; import '#policy/domain'; import '#decisions'; export const decide = 1;`,
  'libs/client/index.ts': `export { decide } from '#decisions';`,
  'libs/openfeature/index.ts': `import '@openfeature/server-sdk'; import '#client'; export { decide } from '#decisions';`,
  'libs/connector-kit/index.ts': `import 'zod'; export { now as kit } from '#kernel';`,
  'libs/connectors/parquet/connector.ts': `import '@duckdb/node-api'; import '#connector-kit'; import '#kernel'; import './files.js';`,
  'libs/connectors/parquet/files.ts': `export const files = 1;`,
  'libs/connectors/lancedb/connector.ts': `import '#connector-kit';`,
  'libs/stores/index.ts': `import '#connector-kit'; export { read as stores } from '#policy';`,
  'libs/impact/index.ts': `export { stores as impact } from '#stores';`,
  'libs/enforcement/index.ts': `import '#consent'; export { impact as enforcement } from '#impact';`,
  'libs/enforcement/testing/index.ts': `export const stage = 1;`,
  'libs/requests/testing/staged.ts': `import '#enforcement/testing';`,
  'libs/requests/index.ts': `export { enforcement as requests } from '#enforcement';`,
  'libs/retention/index.ts': `export { enforcement as retention } from '#enforcement';`,
  'libs/offboarding/index.ts': `import '#retention'; export { requests as offboarding } from '#requests';`,
  'libs/interop/index.ts': `export { offboarding as interop } from '#offboarding';`,
  'libs/testing/index.ts': `import '#retention';`,
  'apps/api/main.ts': `import '#requests'; import './body.dto.js';`,
  'apps/api/body.dto.ts': `import 'class-validator';`,
  'apps/worker/main.ts': `import 'bullmq'; import '#retention';`,
  'apps/demo/main.ts': `import '@duckdb/node-api';`,
  'test/e2e/whole.test.ts': `import '../../apps/api/main.js'; import '../../apps/worker/main.js'; import 'bullmq'; import '#testing';`,
};

/** The half of a planted cycle that the tool does not name. */
const otherHalf: Files = { 'libs/policy/egg.ts': `import './chicken.js';` };

interface Planted {
  readonly rules: readonly string[];
  readonly file: string;
  readonly text: string;
}

const plant = (rules: string, file: string, text: string): Planted => ({
  rules: rules.split(' '),
  file,
  text,
});

/** Violations, each with exactly the rules that must report its file. Some imports break two rules. */
const violations: readonly Planted[] = [
  plant('kernel-imports-nothing-of-ours', 'libs/kernel/kit.ts', `import '#connector-kit';`),
  plant('downwards-only-kernel kernel-imports-nothing-of-ours', 'libs/kernel/up.ts', `import '#ledger';`),
  plant('decisions-are-for-everyone', 'libs/decisions/disk.ts', `import 'node:fs';`),
  plant('decisions-are-for-everyone', 'libs/decisions/kit.ts', `import '#connector-kit';`),
  plant('downwards-only-decisions decisions-are-for-everyone', 'libs/decisions/up.ts', `import '#policy';`),
  plant('platform-imports-kernel-only', 'libs/platform/queue/kit.ts', `import '#connector-kit';`),
  plant(
    'downwards-only-platform platform-imports-kernel-only',
    'libs/platform/queue/up.ts',
    `import '#policy';`,
  ),
  plant('domain-is-pure', 'libs/policy/domain/nest.ts', `import '@nestjs/common';`),
  plant('domain-is-pure', 'libs/policy/domain/process.ts', `import process from 'node:process';`),
  plant('domain-is-pure', 'libs/policy/domain/disk.ts', `import 'node:fs';`),
  plant('domain-is-pure', 'libs/policy/domain/use-case.ts', `import '../read-policy.js';`),
  plant('domain-is-pure', 'libs/policy/domain/value.ts', `import { subjects } from '#subjects';`),
  plant(
    'domain-is-pure typeorm-only-in-rows-and-repositories',
    'libs/policy/domain/sql.ts',
    `import 'typeorm';`,
  ),
  plant('downwards-only-ledger', 'libs/ledger/up.ts', `import '#access';`),
  plant('downwards-only-access', 'libs/access/up.ts', `import '#subjects';`),
  plant('downwards-only-subjects', 'libs/subjects/up.ts', `import '#policy';`),
  plant('downwards-only-policy', 'libs/policy/up.ts', `import '#stores';`),
  plant('downwards-only-policy', 'libs/policy/up-types.ts', `import type { Consent } from '#consent';`),
  plant('downwards-only-consent-stores', 'libs/stores/up.ts', `import '#enforcement';`),
  plant('downwards-only-impact', 'libs/impact/up.ts', `import '#enforcement';`),
  plant('downwards-only-enforcement', 'libs/enforcement/up.ts', `import '#requests';`),
  plant('downwards-only-requests-retention', 'libs/retention/up.ts', `import '#offboarding';`),
  plant('downwards-only-offboarding', 'libs/offboarding/up.ts', `import '#interop';`),
  plant('requests-and-retention-are-strangers', 'libs/requests/aside.ts', `import '#retention';`),
  plant('requests-and-retention-are-strangers', 'libs/retention/aside.ts', `import '#requests';`),
  plant('clients-know-decisions-only', 'libs/client/nest.ts', `import '@nestjs/common';`),
  plant('clients-know-decisions-only', 'libs/client/kernel.ts', `import '#kernel';`),
  plant('openfeature-knows-the-client-only', 'libs/openfeature/kernel.ts', `import '#kernel';`),
  plant('only-openfeature-loads-its-sdk', 'apps/worker/flags.ts', `import '@openfeature/server-sdk';`),
  plant(
    'clients-know-decisions-only only-openfeature-loads-its-sdk',
    'libs/client/flags.ts',
    `import '#openfeature';`,
  ),
  plant('connector-kit-knows-the-kernel-only', 'libs/connector-kit/queue.ts', `import '#platform/queue';`),
  plant('connectors-know-the-kit-and-their-driver', 'libs/connectors/parquet/ledger.ts', `import '#ledger';`),
  plant(
    'connectors-know-the-kit-and-their-driver across-libraries-only-the-index',
    'libs/connectors/parquet/other.ts',
    `import '../lancedb/connector.js';`,
  ),
  plant('only-connectors-load-drivers', 'apps/api/driver.ts', `import '@duckdb/node-api';`),
  plant('only-connectors-load-drivers', 'libs/stores/driver.ts', `import '@duckdb/node-api';`),
  plant('libraries-never-import-apps', 'libs/policy/app.ts', `import '../../apps/api/main.js';`),
  plant('apps-never-import-each-other', 'apps/api/worker.ts', `import '../worker/main.js';`),
  plant('across-libraries-only-the-index', 'apps/api/deep.ts', `import '../../libs/policy/read-policy.js';`),
  plant(
    'across-libraries-only-the-index',
    'test/e2e/deep.test.ts',
    `import '../../libs/policy/read-policy.js';`,
  ),
  plant('stages-only-for-tests', 'libs/requests/staged.ts', `import '#enforcement/testing';`),
  plant('bullmq-only-at-the-edge', 'libs/ledger/queue.ts', `import 'bullmq';`),
  plant('bullmq-only-at-the-edge', 'apps/api/queue.ts', `import '@nestjs/bullmq';`),
  plant('typeorm-only-in-rows-and-repositories', 'libs/ledger/use-case.ts', `import { In } from 'typeorm';`),
  plant('class-validator-only-in-dtos', 'apps/api/controller.ts', `import 'class-validator';`),
  plant('no-cycles', 'libs/policy/chicken.ts', `import './egg.js';`),
  plant('no-orphans', 'libs/policy/orphan.ts', `export const lonely = 1;`),
  plant('no-unresolvable', 'libs/policy/missing.ts', `import './nowhere.js';`),
];

const resultSchema = z.object({
  summary: z.object({
    violations: z.array(z.object({ from: z.string(), rule: z.object({ name: z.string() }) })),
    totalCruised: z.number(),
  }),
});

/** The rules that report each file, by the tool itself with our own configuration. */
function cruise(files: Files): ReadonlyMap<string, readonly string[]> {
  const stubs = packages.flatMap((name) => [
    [`node_modules/${name}/package.json`, JSON.stringify({ name, version: '1.0.0', main: 'index.js' })],
    [`node_modules/${name}/index.js`, 'export {};'],
  ]);
  const copies = ['.dependency-cruiser.js', 'package.json', 'tsconfig.json'].map((name) => [
    name,
    readFileSync(`${root}${name}`, 'utf8'),
  ]);
  using tree = temporaryTree({ ...Object.fromEntries([...stubs, ...copies]), ...files });
  const run = spawnSync(process.execPath, [tool, '--output-type', 'json', 'apps', 'libs', 'test'], {
    cwd: tree.folder,
    encoding: 'utf8',
    maxBuffer: 64 * 1_048_576,
  });
  expect(run.stderr).toBe('');
  const { violations: found, totalCruised } = resultSchema.parse(JSON.parse(run.stdout)).summary;
  expect(totalCruised).toBeGreaterThanOrEqual(Object.keys(files).length);
  const byFile = Map.groupBy(found, ({ from }) => from);
  return new Map(
    [...byFile].map(([file, own]) => [file, [...new Set(own.map(({ rule }) => rule.name))].sort()]),
  );
}

describe('the import rules', () => {
  it('find nothing in a tree that keeps them', () => {
    expect(cruise(clean)).toEqual(new Map());
  });

  it('find each planted violation, by the rule it breaks and by no other', () => {
    const planted = Object.fromEntries(violations.map(({ file, text }) => [file, text]));
    const expected = new Map(violations.map(({ file, rules }) => [file, [...rules].sort()]));
    expect(cruise({ ...clean, ...otherHalf, ...planted })).toEqual(expected);
  });

  it('have a planted violation each', async () => {
    const { default: config } = (await import(`${root}.dependency-cruiser.js`)) as {
      default: { forbidden: readonly { name: string; severity: string }[] };
    };
    expect(config.forbidden.filter(({ severity }) => severity !== 'error')).toEqual([]);
    const planted = new Set(violations.flatMap(({ rules }) => rules));
    expect([...planted].sort()).toEqual(config.forbidden.map(({ name }) => name).sort());
  });
});
