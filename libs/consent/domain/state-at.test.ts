import { describe, expect, it } from 'vitest';
import { subjectRef } from '#kernel';
import { stateAt, type SaidEvent } from './state-at.js';

const day = (number: number) => new Date(Date.UTC(2026, 0, number));
const ann = subjectRef('00000000-0000-4000-8000-000000000001');
const other = subjectRef('00000000-0000-4000-8000-000000000002');

/** Each row is an event: what was said, on which day it happened, on which it arrived. */
function events(
  ...rows: readonly (readonly [SaidEvent['action'], number, number?, typeof ann?])[]
): SaidEvent[] {
  return rows.map(([action, happened, arrived = happened, ref = ann], index) => ({
    subjectRef: ref,
    number: index + 1,
    purpose: 'ads',
    action,
    at: day(arrived),
    occurredAt: day(happened),
    expiresAt: null,
    noticeVersion: null,
  }));
}

describe('what held at a moment', () => {
  it.each<[string, SaidEvent[], number, string | undefined]>([
    ['nothing before anything was said', events(['grant', 2]), 1, undefined],
    ['what was said at that very moment', events(['grant', 2]), 2, 'grant'],
    ['the last of several', events(['grant', 1], ['withdraw', 3], ['grant', 5]), 4, 'withdraw'],
    ['a no that arrived later', events(['grant', 1], ['withdraw', 3, 9]), 4, 'withdraw'],
    ['a yes that arrived later', events(['grant', 3, 9]), 4, 'grant'],
    ['no yes from before a no that came first', events(['refuse', 3], ['grant', 2, 5]), 4, 'refuse'],
    ['a yes from before a no that had not happened', events(['refuse', 6], ['grant', 2, 7]), 4, 'grant'],
    ['the stricter of two subjects', events(['grant', 1], ['refuse', 2, 2, other]), 4, 'refuse'],
    ['the stricter, whoever spoke last', events(['refuse', 1, 1, other], ['grant', 2]), 4, 'refuse'],
  ])('is %s', (_, said, moment, action) => {
    expect(stateAt(said, day(moment)).get('ads')?.action).toBe(action);
    expect(stateAt(said.toReversed(), day(moment)).get('ads')?.action).toBe(action);
  });
});
