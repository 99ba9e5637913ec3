import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { composePolicy } from './domain/compose-policy.js';
import { parseCases, runCase } from './domain/policy-case.js';
import { readPacks } from './read-packs.js';

const page = readFileSync(new URL('../../docs/policies.md', import.meta.url), 'utf8');
const blocks = [...page.matchAll(/^```yaml\n(.*?)^```$/gms)].map(([, text = '']) => text);
const policies = blocks.filter((text) => text.startsWith('# policy\n'));
const cases = blocks.flatMap((text, index) =>
  text.startsWith('# cases\n') ? [[text, blocks[index - 1] ?? ''] as const] : [],
);
const compose = (text: string) => composePolicy([{ name: 'docs/policies.md', text }], readPacks()).policy;

describe('docs/policies.md', () => {
  it('shows nothing but policies and cases, and some of both', () => {
    expect(policies.length + cases.length).toBe(blocks.length);
    expect(policies.length).toBeGreaterThan(10);
    expect(cases.length).toBeGreaterThan(1);
  });

  it.each(policies)('shows a policy that composes: %s', (text) => {
    expect(() => compose(text)).not.toThrow();
  });

  it.each(cases)('shows cases that hold: %s', (text, policy) => {
    const found = parseCases({ name: 'docs/policies.md', text });
    expect(found.length).toBeGreaterThan(0);
    for (const one of found) expect(runCase(compose(policy), one).differences, one.name).toEqual([]);
  });

  it('names every pack there is', () => {
    for (const name of readPacks().keys()) expect(page).toContain(`| \`${name}\``);
  });
});
