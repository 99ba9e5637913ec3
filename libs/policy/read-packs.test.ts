import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { categories } from './domain/categories.js';
import { composePolicy } from './domain/compose-policy.js';
import { parseCases, runCase, type PolicyCase } from './domain/policy-case.js';
import { govern } from './domain/govern.js';
import type { GovernedDataset } from './domain/governed.js';
import { readPacks } from './read-packs.js';

const packs = readPacks();
const names = [...packs.keys()];
const subsets = Array.from({ length: 2 ** names.length }, (_, bits) =>
  names.filter((_name, index) => (bits & (1 << index)) !== 0),
);

function composed(wanted: readonly string[], own = '') {
  const text = `packs: [${wanted.join(', ')}]\n${own}`;
  return composePolicy([{ name: 'policy.yaml', text }], packs);
}

function casesOf(pack: string): readonly PolicyCase[] {
  const name = `packs/${pack}.test.yaml`;
  return parseCases({ name, text: readFileSync(new URL(name, import.meta.url), 'utf8') });
}

function dataset(category: string, more: Partial<GovernedDataset> = {}): GovernedDataset {
  return {
    store: 'shop',
    dataset: 'rows',
    purposes: ['service'],
    jurisdiction: null,
    moments: [],
    fields: [{ field: 'content', category, structural: false, own: null }],
    ...more,
  };
}

function governed(wanted: readonly string[], one: GovernedDataset, own = '') {
  const store = { name: one.store, level: 'removed', datasets: [one] } as const;
  return govern(composed(wanted, own).policy, [store], new Date('2026-06-01'));
}

describe('the packs', () => {
  it('are the six that are documented, without the files of their cases', () => {
    expect(names).toEqual(['ai-memory', 'ccpa', 'dpdp', 'gdpr', 'lgpd', 'uk']);
    expect(subsets).toHaveLength(64);
  });

  it('compose in every combination, and none replaces what another says', () => {
    for (const wanted of subsets) expect(composed(wanted).replaced, wanted.join(', ')).toEqual([]);
  });

  it.each(names)('%s names the source of every purpose, rule, clock and limit', (name) => {
    const { purposes, retention, erasure, clocks, limits } = composed([name]).policy;
    const all = Object.entries({ ...purposes, ...retention, ...erasure, ...clocks, ...limits });
    expect(all.length).toBeGreaterThan(0);
    expect(all.filter(([, { source }]) => source === undefined)).toEqual([]);
  });

  it.each(names)('%s puts its name before those of its rules, clocks and limits', (name) => {
    const { retention, erasure, clocks, limits } = composed([name]).policy;
    const all = Object.keys({ ...retention, ...erasure, ...clocks, ...limits });
    expect(all.filter((one) => !one.startsWith(`${name}-`))).toEqual([]);
  });

  it.each(names.flatMap((name) => casesOf(name).map((one) => [name, one.name, one] as const)))(
    '%s: %s',
    (name, _title, one) => {
      expect(runCase(composed([name]).policy, one).differences).toEqual([]);
    },
  );

  it.each(names.filter((name) => name !== 'ai-memory'))(
    '%s holds whatever is used with it, although a starter may name the rule',
    (name) => {
      const { policy } = composed(names);
      for (const { expect: all, ...one } of casesOf(name)) {
        const found = runCase(policy, { ...one, expect: all }).differences;
        expect(
          found.filter(({ member }) => member !== 'rule'),
          one.name,
        ).toEqual([]);
      }
    },
  );

  it('of laws never shorten what another keeps, nor let India’s minimum be erased', () => {
    const inIndia = dataset('user.contact.email', { jurisdiction: 'in' });
    for (const wanted of subsets.filter((one) => one.includes('dpdp')))
      expect(governed(wanted, inIndia).conflicts, wanted.join(', ')).toEqual([]);
  });

  it('for India refuse a period below its minimum when a plan meets it', () => {
    const chats = dataset('user.content.chat', { jurisdiction: 'in' });
    const [conflict] = governed(['dpdp', 'ai-memory'], chats).conflicts;
    expect(conflict?.rules).toEqual(['retention/ai-memory-chat', 'retention/dpdp-minimum']);
    expect(governed(['dpdp', 'ai-memory'], dataset('user.content.chat')).conflicts).toEqual([]);
  });

  it('for India take the rule for inactivity that their comment describes', () => {
    const own = `retention:
  dpdp-minimum: { match: { jurisdiction: in }, atLeast: P1Y, from: last_used }
  idle: { match: { jurisdiction: in }, keep: P3Y, from: last_used, notice: P2D }`;
    const users = dataset('user.contact.email', { jurisdiction: 'in', moments: ['last_used'] });
    expect(governed(['dpdp'], users, own).conflicts).toEqual([]);
    expect(governed(['dpdp'], users, own.replace(', from: last_used }', ' }')).conflicts).not.toEqual([]);
  });

  it('for an assistant and the GDPR cover what an assistant stores, and purge it', () => {
    const memories = ['chat', 'memory', 'embedding', 'voice'].map((name) => `user.content.${name}`);
    for (const category of [...memories, 'user.behavior.search_history', 'user.telemetry']) {
      const { uncovered, conflicts, unenforced, datasets } = governed(
        ['gdpr', 'ai-memory'],
        dataset(category),
      );
      expect({ uncovered, conflicts, unenforced }).toEqual({ uncovered: [], conflicts: [], unenforced: [] });
      expect(datasets.get('shop/rows')?.disposal).toEqual({ kind: 'purge' });
    }
  });
});

describe('the opt-out signal', () => {
  it('denies sale, sharing and advertising', () => {
    const { purposes } = composed(names).policy;
    const denied = Object.keys(purposes).filter((name) => purposes[name]?.honoursOptOutSignal);
    expect(denied.sort()).toEqual(['ads', 'ccpa-sale', 'ccpa-sharing', 'sharing']);
  });
});

describe('the categories', () => {
  it.each([
    'user',
    'user.contact.email',
    'system.operations',
    'pd:EmailAddress',
    'dpv:SensitivePersonalData',
  ])('know %s', (term) => {
    expect(categories.has(term)).toBe(true);
  });

  it.each(['user.nonsense', 'pd:Nonsense', 'dpv:Preference', 'EmailAddress', ''])(
    'do not know %j',
    (term) => {
      expect(categories.has(term)).toBe(false);
    },
  );

  it('are all of those published, each once, and each with what encloses it', () => {
    const terms = [...categories];
    const count = (prefix: string) => terms.filter((term) => term.startsWith(prefix)).length;
    expect([count('pd:'), count('dpv:'), terms.length]).toEqual([221, 11, 317]);
    const dotted = terms.filter((term) => term.includes('.'));
    const broader = dotted.map((term) => term.slice(0, term.lastIndexOf('.')));
    expect(broader.filter((term) => !categories.has(term))).toEqual([]);
  });
});
