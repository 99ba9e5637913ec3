import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { approve, breakGlassStates, end, isInForce, stateOf, type BreakGlassGrant } from './break-glass.js';

const asked = new Date('2026-03-01T12:00:00.000Z');
const after = (minutes: number, milliseconds = 0) =>
  new Date(asked.getTime() + minutes * 60_000 + milliseconds);
const day = 24 * 60;

const request: BreakGlassGrant = {
  id: '01890000-0000-7000-8000-000000000001',
  role: 'auditor',
  reason: 'a reason of some length',
  minutes: 30,
  requestedBy: 'asker',
  requestedAt: asked,
  approvedBy: null,
  approvedAt: null,
  endsAt: null,
  endedBy: null,
  endedAt: null,
};
const approved = { ...request, ...approve(request, 'approver', after(10)) };
const ended = { ...approved, ...end(approved, 'key:tenant', after(20)) };
const takenBack = { ...request, ...end(request, 'key:asker', after(20)) };

describe('the state of an access', () => {
  it.each([
    ['requested', 'as soon as it is asked for', request, after(0)],
    ['requested', 'up to the last moment of a day', request, after(day, -1)],
    ['lapsed', 'a day after, when nobody approved', request, after(day)],
    ['lapsed', 'for ever after', request, after(1_000 * day)],
    ['approved', 'from the approval on', approved, after(10)],
    ['approved', 'up to the last moment of its minutes', approved, after(40, -1)],
    ['expired', 'when its minutes are over', approved, after(40)],
    ['expired', 'not lapsed, a day after it was asked for', approved, after(day)],
    ['ended', 'at the moment it is ended', ended, after(20)],
    ['ended', 'and not expired afterwards', ended, after(day)],
    ['ended', 'when it was never approved', takenBack, after(20)],
    ['ended', 'and not lapsed afterwards', takenBack, after(2 * day)],
  ] as const)('is %s %s', (state, _, grant, now) => {
    expect(stateOf(grant, now)).toBe(state);
  });

  it('never comes back: each only follows those it can follow', () => {
    const later: Record<string, readonly string[]> = {
      requested: [...breakGlassStates],
      approved: ['approved', 'expired', 'ended'],
      lapsed: ['lapsed'],
      expired: ['expired'],
      ended: ['ended'],
    };
    const acts = fc.constantFrom('asker approves', 'other approves', 'end', 'wait');
    fc.assert(
      fc.property(fc.array(fc.tuple(acts, fc.nat(2 * day * 60_000)), { maxLength: 12 }), (steps) => {
        let grant = request;
        let now = asked;
        let before = stateOf(grant, now);
        for (const [act, milliseconds] of steps) {
          now = new Date(now.getTime() + milliseconds);
          try {
            if (act === 'asker approves') grant = { ...grant, ...approve(grant, 'asker', now) };
            if (act === 'other approves') grant = { ...grant, ...approve(grant, 'approver', now) };
            if (act === 'end') grant = { ...grant, ...end(grant, 'somebody', now) };
          } catch {
            // A refused act changes nothing.
          }
          const state = stateOf(grant, now);
          expect(later[before]).toContain(state);
          expect(isInForce(grant, 'asker', now)).toBe(state === 'approved');
          expect(grant.approvedBy).not.toBe('asker');
          before = state;
        }
      }),
      { numRuns: 500 },
    );
  });
});

describe('an approval', () => {
  it('opens the access for the minutes that were asked for, from now on', () => {
    expect(approve(request, 'approver', after(day, -1))).toEqual({
      approvedBy: 'approver',
      approvedAt: after(day, -1),
      endsAt: after(day + 30, -1),
    });
  });

  it.each([
    ['the operator that asked', request, 'asker', after(1), 'break_glass.same_operator'],
    ['the operator that asked, too late', request, 'asker', after(day), 'break_glass.same_operator'],
    ['another operator, too late', request, 'approver', after(day), 'break_glass.not_requested'],
    ['another operator, again', approved, 'approver', after(11), 'break_glass.not_requested'],
    ['a third operator, to prolong it', approved, 'third', after(39), 'break_glass.not_requested'],
    ['another operator, when it is over', approved, 'approver', after(40), 'break_glass.not_requested'],
    ['another operator, when it was ended', ended, 'approver', after(21), 'break_glass.not_requested'],
    [
      'another operator, when it was taken back',
      takenBack,
      'approver',
      after(21),
      'break_glass.not_requested',
    ],
  ])('is refused of %s', (_, grant, operator, now, code) => {
    expect(() => approve(grant, operator, now)).toThrow(expect.objectContaining({ code }));
  });
});

describe('an end', () => {
  it.each([
    ['a request', request, after(day, -1)],
    ['an access in force', approved, after(40, -1)],
  ])('comes to %s', (_, grant, now) => {
    expect(end(grant, 'key:x', now)).toEqual({ endedBy: 'key:x', endedAt: now });
  });

  it.each([
    ['lapsed', request, after(day)],
    ['expired', approved, after(40)],
    ['ended', ended, after(21)],
  ])('does not come to what is %s', (_, grant, now) => {
    expect(() => end(grant, 'key:x', now)).toThrow(expect.objectContaining({ code: 'break_glass.over' }));
  });
});

describe('an access in force', () => {
  it('is for the operator that asked for it and for nobody else', () => {
    expect(isInForce(approved, 'asker', after(10))).toBe(true);
    for (const other of ['approver', 'third', '', 'key:asker'])
      expect(isInForce(approved, other, after(10)), other).toBe(false);
  });
});
