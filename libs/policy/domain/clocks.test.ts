import { describe, expect, it } from 'vitest';
import { deadlineOf, readBackAt } from './clocks.js';
import { parsePolicy } from './compose-policy.js';

const from = new Date('2026-01-31T10:00:00.000Z');
const policy = parsePolicy(`
jurisdictions:
  us: { title: United States }
  us-ca: { title: California, within: us }
  us-tx: { title: Texas, within: us }
  br: { title: Brazil }
clocks:
  others: { within: P1M }
  america: { jurisdiction: us, within: P45D }
  california: { jurisdiction: us-ca, within: P30D }
  brazil: { jurisdiction: br, within: P15D }
`);

describe('the day by which something must be done', () => {
  it.each([
    ['us-ca', 'california', '2026-03-02T10:00:00.000Z'],
    ['us-tx', 'america', '2026-03-17T10:00:00.000Z'],
    ['br', 'brazil', '2026-02-15T10:00:00.000Z'],
    ['eu', 'others', '2026-02-28T10:00:00.000Z'],
  ])('is told by the clock of the nearest jurisdiction: %s', (jurisdiction, clock, at) => {
    expect(deadlineOf(policy, from, jurisdiction)).toEqual({ clock, at: new Date(at) });
  });

  it('is the first of all when nobody knows the jurisdiction', () => {
    expect(deadlineOf(policy, from).clock).toBe('brazil');
  });

  it('is a calendar month where the policy sets no clock', () => {
    expect(deadlineOf(parsePolicy('{}'), from)).toEqual({
      clock: null,
      at: new Date('2026-02-28T10:00:00.000Z'),
    });
    const onlyBrazil = parsePolicy(
      'jurisdictions: { br: { title: Brazil } }\nclocks: { a: { jurisdiction: br, within: P15D } }',
    );
    expect(deadlineOf(onlyBrazil, from, 'eu').clock).toBeNull();
  });
});

describe('the second read-back', () => {
  it.each([
    ['{}', '2026-02-01T10:00:00.000Z'],
    ['readBack: {}', '2026-02-01T10:00:00.000Z'],
    ['readBack: { after: PT2S }', '2026-01-31T10:00:02.000Z'],
    ['readBack: { after: P1M }', '2026-02-28T10:00:00.000Z'],
  ])('of a policy %s is due %s', (text, at) => {
    expect(readBackAt(parsePolicy(text), from)).toEqual(new Date(at));
  });

  it.each(['readBack: { after: P0D }', 'readBack: { after: soon }', 'readBack: { within: P1D }'])(
    'is not said by %s',
    (text) => {
      expect(() => parsePolicy(text)).toThrow(expect.objectContaining({ code: 'policy.invalid' }));
    },
  );
});
