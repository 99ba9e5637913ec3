import { readFileSync, symlinkSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ESLint } from 'eslint';
import { describe, expect, it } from 'vitest';
import { temporaryTree, type Files } from './temporary-tree.js';

const root = fileURLToPath(new URL('../../', import.meta.url));
const lines = (count: number, line: string) => `${line}\n`.repeat(count);

/** Files in which nothing is to be found, each beside the limit or the exception that it uses. */
const clean: Files = {
  'libs/policy/limits.ts': `export function longest(a: number, b: number, c: number, d: number, e: number): number {
  let sum = 0;
${lines(46, '  sum += a;')}  return sum + b + c + d + e;
}
export const constant = ['a', 'b'] as const;
${lines(249, '// a comment')}`,
  'libs/policy/ten.ts': `export function ten(a: number): number {
${[1, 2, 3, 4, 5, 6, 7, 8, 9].map((n) => `  if (a === ${n}) return ${n};`).join('\n')}
  return 0;
}`,
  'libs/platform/config/environment.ts': `export const home = process.env['HOME'];`,
  'apps/cli/terminal.ts': `console.log('said to a person');`,
  'libs/policy/asserting.test.ts': `const found: unknown = { a: 1 };
export const cast = (found as { a: number }).a;
export const sure = [1, 2].at(0)!;
${lines(390, '// a comment')}`,
};

interface Planted {
  readonly rule: string;
  /** Part of the message, where one rule stands for several. */
  readonly says?: string;
  readonly text: string;
  readonly file?: string;
}

const violations: readonly Planted[] = [
  { rule: 'max-lines', text: `export const a = 1;\n${lines(300, '// a comment')}` },
  {
    rule: 'max-lines',
    file: 'libs/policy/long.test.ts',
    text: `export const a = 1;\n${lines(400, '// a comment')}`,
  },
  {
    rule: 'max-lines-per-function',
    text: `export function long(a: number): number {\n  let sum = 0;\n${lines(47, '  sum += a;')}  return sum;\n}`,
  },
  {
    rule: 'complexity',
    text: `export function eleven(a: number): number {
${[1, 2, 3, 4, 5, 6, 7, 8, 9, 10].map((n) => `  if (a === ${n}) return ${n};`).join('\n')}
  return 0; }`,
  },
  {
    rule: 'max-params',
    text: `export function six(a: number, b: number, c: number, d: number, e: number, f: number): number { return a + b + c + d + e + f; }`,
  },
  { rule: 'eqeqeq', text: `export const same = (a: number, b: number): boolean => a == b;` },
  { rule: 'no-console', text: `console.log('said to nobody');` },
  {
    rule: 'no-restricted-syntax',
    says: 'union of string literals',
    text: `export enum Colour { red = 'red' }`,
  },
  { rule: 'no-restricted-syntax', says: 'Export by name', text: `export default 1;` },
  { rule: 'no-restricted-syntax', says: 'List the names', text: `export * from './limits.js';` },
  {
    rule: 'no-restricted-syntax',
    says: 'circular dependency',
    text: `import { forwardRef } from '@nestjs/common';\nexport const later = forwardRef(() => Date);`,
  },
  {
    rule: 'no-restricted-syntax',
    says: 'without where()',
    text: `import type { DataSource } from 'typeorm';
export async function clear(source: DataSource): Promise<void> { await source.createQueryBuilder().delete().execute(); }`,
  },
  {
    rule: 'no-restricted-syntax',
    says: 'instead of asserting',
    text: `export const narrow = (value: unknown): number => value as number;`,
  },
  {
    rule: 'no-restricted-syntax',
    says: 'instead of asserting',
    file: 'libs/platform/config/asserting.ts',
    text: `export const narrow = (value: unknown): number => value as number;`,
  },
  {
    rule: 'no-restricted-syntax',
    says: 'reads the environment',
    text: `export const home = process.env['HOME'];`,
  },
  {
    rule: 'no-restricted-syntax',
    says: 'reads the environment',
    file: 'apps/cli/environment.ts',
    text: `export const home = process.env['HOME'];`,
  },
  { rule: '@typescript-eslint/no-extraneous-class', text: `export class Empty {}` },
  {
    rule: '@typescript-eslint/restrict-template-expressions',
    text: 'export const text = (value: string | undefined): string => `${value}`;',
  },
  {
    rule: '@typescript-eslint/switch-exhaustiveness-check',
    text: `export function name(kind: 'a' | 'b'): string | undefined { switch (kind) { case 'a': return 'A'; } return undefined; }`,
  },
  {
    rule: '@typescript-eslint/no-non-null-assertion',
    text: `export const first = (list: readonly number[]): number => list[0]!;`,
  },
  { rule: '@typescript-eslint/no-unused-vars', text: `const unused = 1;` },
  {
    rule: '@typescript-eslint/consistent-type-imports',
    file: 'bench/types.ts',
    text: `import { DataSource } from 'typeorm';\nexport type Source = DataSource;`,
  },
  {
    rule: '@typescript-eslint/no-floating-promises',
    text: `export function start(): void { Promise.resolve(1); }`,
  },
  { rule: '@typescript-eslint/no-explicit-any', text: `export const echo = (value: any): unknown => value;` },
];

const fileOf = ({ file }: Planted, index: number) => file ?? `libs/policy/planted-${index}.ts`;

/** What our own configuration reports, by file, as `rule: message`. */
async function lint(files: Files): Promise<ReadonlyMap<string, readonly string[]>> {
  const copies = ['eslint.config.js', 'package.json', 'tsconfig.json'].map((name) => [
    name,
    readFileSync(join(root, name), 'utf8'),
  ]);
  using tree = temporaryTree({ ...Object.fromEntries(copies), ...files });
  symlinkSync(join(root, 'node_modules'), join(tree.folder, 'node_modules'));
  const eslint = new ESLint({
    cwd: tree.folder,
    overrideConfigFile: join(tree.folder, 'eslint.config.js'),
  });
  const results = await eslint.lintFiles(Object.keys(files));
  expect(results).toHaveLength(Object.keys(files).length);
  return new Map(
    results.map(({ filePath, messages }) => [
      relative(tree.folder, filePath),
      messages.map(({ ruleId, message }) => `${ruleId ?? 'none'}: ${message}`),
    ]),
  );
}

describe('the lint rules', () => {
  it('find nothing in files that keep them, to the last line', async () => {
    const found = await lint(clean);
    expect([...found.values()].flat()).toEqual([]);
  });

  it('find each planted violation, once, by the rule it breaks and by no other', async () => {
    const files = Object.fromEntries(violations.map((one, index) => [fileOf(one, index), one.text]));
    expect(Object.keys(files)).toHaveLength(violations.length);
    const found = await lint({ ...clean, ...files });
    for (const [index, planted] of violations.entries()) {
      const { rule, says = '' } = planted;
      expect(found.get(fileOf(planted, index)), planted.text.slice(0, 80)).toEqual([
        expect.stringMatching(new RegExp(`^${rule}: .*${says.replaceAll(/[()]/g, '\\$&')}`)),
      ]);
    }
  });

  it('have a planted violation each', async () => {
    const { default: blocks } = (await import(join(root, 'eslint.config.js'))) as {
      default: readonly { rules?: Readonly<Record<string, unknown>>; name?: string }[];
    };
    // What we set ourselves, as against the preset; the preset has tests of its own.
    const own = blocks.filter(
      ({ name, rules }) => rules !== undefined && name?.includes('typescript-eslint/') !== true,
    );
    const ours = new Set(
      own
        .flatMap(({ rules = {} }) => Object.entries(rules))
        .filter(([, level]) => level !== 'off')
        .map(([rule]) => rule),
    );
    const planted = new Set(violations.map(({ rule }) => rule));
    expect([...ours].filter((rule) => !planted.has(rule))).toEqual([]);
    const messages = own
      .flatMap(({ rules = {} }) => rules['no-restricted-syntax'] ?? [])
      .flatMap((option) =>
        typeof option === 'object' && 'message' in option ? [String(option.message)] : [],
      );
    expect(messages.length).toBeGreaterThan(6);
    const says = violations.flatMap((one) => one.says ?? []);
    expect(messages.filter((message) => !says.some((part) => message.includes(part)))).toEqual([]);
  });
});
