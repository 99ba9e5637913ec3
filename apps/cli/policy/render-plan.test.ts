import { describe, expect, it } from 'vitest';
import type { Plan } from './answers.js';
import { plain } from '../paint.js';
import { renderPlan } from './render-plan.js';

const plan: Plan = {
  id: '019a0000-0000-7000-8000-000000000000',
  state: 'ready',
  version: null,
  base: 3,
  effectiveAt: null,
  createdAt: '2026-11-23T12:00:00.000Z',
  expiresAt: '2026-11-24T12:00:00.000Z',
  digest: 'abc',
  changes: [
    {
      section: 'retention',
      name: 'chats',
      change: 'changed',
      members: [{ member: 'keep', before: '"P2Y"', after: '"P1Y"' }],
      origin: { file: 'policy/chat.yaml', line: 12 },
    },
    {
      section: 'erasure',
      name: 'invoices',
      change: 'added',
      members: [
        { member: 'match', after: '{"dataset":["invoices"]}' },
        { member: 'exceptions', after: '[]' },
      ],
      origin: { file: 'gdpr.yaml', line: 3, pack: 'gdpr' },
    },
    {
      section: 'limits',
      name: 'old',
      change: 'removed',
      members: [{ member: 'rows', before: '5' }],
      origin: null,
    },
  ],
  replaced: ['clocks/answer'],
  coverage: { fields: 4, uncovered: [] },
  conflicts: [],
  unenforced: [
    {
      store: 'shop',
      dataset: 'chats',
      fields: ['text'],
      rules: ['retention/x'],
      message: 'redaction (hash) is not carried out yet',
    },
  ],
  impact: [
    {
      store: 'shop',
      dataset: 'chats',
      fields: ['user_id', 'text'],
      rows: 1_200_000,
      due: 70_000,
      dueAlready: 20_000,
      byRule: [{ rule: 'chats', rows: 70_000 }],
      undated: 12,
      unknownPurpose: 0,
      error: null,
    },
    {
      store: 'lake',
      dataset: 'events',
      fields: ['user_id'],
      rows: null,
      due: null,
      dueAlready: null,
      byRule: [],
      undated: null,
      unknownPurpose: null,
      error: 'unreachable',
    },
  ],
  progress: { counted: 2, of: 2 },
  approval: { needed: true, reasons: ['limit some: shop/chats: too many'], by: null, at: null },
};

describe('a plan on a terminal', () => {
  it('says what changes, what goes, what is wrong and what to do next', () => {
    expect(renderPlan(plan, plain).join('\n')).toMatchInlineSnapshot(`
      "Changes to version 3
        ~ retention/chats  policy/chat.yaml:12
            keep  "P2Y" -> "P1Y"
        + erasure/invoices  pack gdpr
            match  {"dataset":["invoices"]}
        - limits/old
        clocks/answer takes the place of a pack's

      Rows that retention removes, as of 2026-11-23T12:00:00.000Z
      ┌───────┬─────────┬───────────┬────────┬─────────┬────────┬──────────────┐
      │ store │ dataset │      rows │    due │ already │  newly │ rules        │
      ├───────┼─────────┼───────────┼────────┼─────────┼────────┼──────────────┤
      │ shop  │ chats   │ 1,200,000 │ 70,000 │  20,000 │ 50,000 │ chats 70,000 │
      ├───────┼─────────┼───────────┴────────┴─────────┴────────┴──────────────┤
      │ lake  │ events  │ could not be counted: unreachable                    │
      └───────┴─────────┴──────────────────────────────────────────────────────┘
        shop/chats: whole rows (user_id, text)
        shop/chats: 12 rows without a date, which no rule ever reaches
        lake/events: whole rows (user_id)

      Coverage: 4 of 4 registered fields have their rules (100 %).

      Not carried out by this version of Lethe:
        shop/chats/text  retention/x
            redaction (hash) is not carried out yet

      This plan needs the approval of a second person:
        limit some: shop/chats: too many

      Plan: 1 to add, 1 to change, 1 to remove; 50,000 rows newly due."
    `);
  });

  it('of nothing says so', () => {
    const empty = {
      ...plan,
      changes: [],
      replaced: [],
      unenforced: [],
      impact: [],
      approval: { ...plan.approval, needed: false },
    };
    expect(renderPlan(empty, plain).join('\n')).toMatchInlineSnapshot(`
      "Nothing changes: version 3 says the same.

      No rule removes rows of anything that is registered.

      Coverage: 4 of 4 registered fields have their rules (100 %).

      Plan: 0 to add, 0 to change, 0 to remove; 0 rows newly due."
    `);
  });

  it('that is refused names every field without a rule, and every conflict', () => {
    const uncovered = [{ store: 'shop', dataset: 'chats', field: 'text', lacks: ['retention', 'erasure'] }];
    const conflicts = [{ store: '', dataset: '', rules: ['levels/shpo'], message: 'there is no store shpo' }];
    const refused = {
      ...plan,
      state: 'refused' as const,
      coverage: { fields: 4, uncovered },
      conflicts,
      impact: [],
    };
    const lines = renderPlan(refused, plain);
    expect(lines).toContain('  shop/chats/text has no rule of retention and of erasure');
    expect(lines).toContain('Coverage: 3 of 4 registered fields have their rules (75 %).');
    expect(lines.join('\n')).toContain('  levels/shpo\n      there is no store shpo');
    expect(lines.at(-1)).toBe('This policy does not apply.');
  });
});
