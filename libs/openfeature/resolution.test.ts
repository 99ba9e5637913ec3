import { ErrorCode } from '@openfeature/server-sdk';
import { describe, expect, it } from 'vitest';
import { reasons } from '#decisions';
import { resolutionOf, type Decided } from './resolution.js';

const denied = (reason: string): Decided => ({
  effect: 'deny',
  reason,
  conditions: null,
  policyVersion: 3,
  revision: '1.4',
});

describe('a resolution', () => {
  it('of an allow is true, and tells what it rests on and is bound to', () => {
    const conditions = { leaveOut: ['user.health', 'user.location'], maximumAge: 'P90D' };
    const allow = { ...denied('consent.given'), effect: 'allow', conditions } as const;
    expect(resolutionOf(allow, false)).toEqual({
      value: true,
      variant: 'allow',
      reason: 'TARGETING_MATCH',
      flagMetadata: {
        contextId: 'withheld',
        reasonCode: 'consent.given',
        policyVersion: 3,
        revision: '1.4',
        leaveOut: 'user.health,user.location',
        maximumAge: 'P90D',
      },
    });
  });

  it.each([
    ['consent.withdrawn', 'TARGETING_MATCH', undefined],
    ['consent.missing', 'DEFAULT', undefined],
    ['subject.unknown', 'DEFAULT', undefined],
    ['signal.opt_out', 'TARGETING_MATCH', undefined],
    ['replica.stale', 'STALE', undefined],
    ['revision.stale', 'STALE', undefined],
    ['purpose.unknown', 'ERROR', 'FLAG_NOT_FOUND'],
    ['policy.missing', 'ERROR', 'FLAG_NOT_FOUND'],
    ['jurisdiction.unknown', 'ERROR', 'INVALID_CONTEXT'],
    ['dependency.unavailable', 'ERROR', 'GENERAL'],
    ['reason.of_a_newer_version', 'TARGETING_MATCH', undefined],
    ['constructor', 'TARGETING_MATCH', undefined],
  ])('of %s is false, %s, %s', (reason, word, errorCode) => {
    const { flagMetadata, errorMessage, ...found } = resolutionOf(denied(reason), false);
    const error = errorCode === undefined ? {} : { errorCode };
    expect(found).toEqual({ value: false, variant: 'deny', reason: word, ...error });
    expect(flagMetadata).toMatchObject({ reasonCode: reason, revision: '1.4', ...error });
    expect(errorMessage === undefined).toBe(errorCode === undefined);
  });

  it('is false for every deny and every fault, and gives the SDK no cause to answer a default of true', () => {
    for (const answer of [
      ...reasons.map(denied),
      ...Object.values(ErrorCode).map((code) => ({ code, message: '' })),
    ]) {
      expect(resolutionOf(answer, false).value).toBe(false);
      const heeded = resolutionOf(answer, true);
      expect(heeded).toMatchObject({ value: false, variant: 'deny' });
      expect(heeded).not.toHaveProperty('errorCode');
    }
    expect(resolutionOf({ code: ErrorCode.GENERAL, message: 'why' }, true).flagMetadata).toMatchObject({
      errorCode: 'GENERAL',
      errorMessage: 'why',
    });
  });
});
