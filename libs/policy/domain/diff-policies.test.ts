import { describe, expect, it } from 'vitest';
import { parsePolicy } from './compose-policy.js';
import { diffPolicies } from './diff-policies.js';

const one = parsePolicy('retention:\n  a: { keep: P1Y }\nclocks: { c: { within: P1M } }');
const two = parsePolicy('retention:\n  a: { keep: P2Y }\n  b: { match: { category: user }, keep: P1M }');

describe('what two policies differ in', () => {
  it('is named by section and name, with the members that changed', () => {
    expect(diffPolicies(one, two)).toEqual([
      {
        section: 'retention',
        name: 'a',
        change: 'changed',
        members: [{ member: 'keep', before: '"P1Y"', after: '"P2Y"' }],
      },
      expect.objectContaining({ section: 'retention', name: 'b', change: 'added' }),
      { section: 'clocks', name: 'c', change: 'removed', members: [{ member: 'within', before: '"P1M"' }] },
    ]);
  });

  it('is nothing for a policy and itself, and everything for the first of all', () => {
    expect(
      diffPolicies(one, parsePolicy('clocks: { c: { within: P1M } }\nretention: { a: { keep: P1Y } }')),
    ).toEqual([]);
    expect(diffPolicies(undefined, one).map(({ change }) => change)).toEqual(['added', 'added']);
  });

  it('sees a level, which is a word', () => {
    const [change] = diffPolicies(
      parsePolicy('levels: { s: removed }'),
      parsePolicy('levels: { s: expunged }'),
    );
    expect(change?.members).toEqual([{ member: '', before: '"removed"', after: '"expunged"' }]);
  });
});
