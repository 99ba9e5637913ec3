import { describe, expect, it } from 'vitest';
import { whyNotClose, whyNotRetry } from './dead-letter.js';
import { outcomes } from './outcome.js';

const at = new Date('2026-06-15T12:00:00.000Z');
const failed = { outcome: 'failed', retriedAt: null, closedAt: null, hasSelector: true } as const;

describe('what failed', () => {
  it.each([
    ['may be retried and closed', {}, undefined, undefined],
    ['is retried once', { retriedAt: at }, 'obligation.retried', 'obligation.retried'],
    ['is closed once', { closedAt: at }, 'obligation.closed', 'obligation.closed'],
    ['without a key may only be closed', { hasSelector: false }, 'obligation.no_key', undefined],
    [
      'says first what was done with it',
      { retriedAt: at, hasSelector: false },
      'obligation.retried',
      'obligation.retried',
    ],
    ['is not what is open', { outcome: null }, 'obligation.not_failed', 'obligation.not_failed'],
  ] as const)('%s', (_, change, retry, close) => {
    expect(whyNotRetry({ ...failed, ...change })?.code).toBe(retry);
    expect(whyNotClose({ ...failed, ...change })?.code).toBe(close);
  });

  it.each(outcomes.filter((outcome) => outcome !== 'failed'))('is not what ended %s', (outcome) => {
    expect(whyNotRetry({ ...failed, outcome })?.code).toBe('obligation.not_failed');
    expect(whyNotClose({ ...failed, outcome })?.code).toBe('obligation.not_failed');
  });
});
