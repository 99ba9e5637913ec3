import type { EvaluationContext } from '@openfeature/server-sdk';
import { describe, expect, it } from 'vitest';
import { readContext } from './read-context.js';

const read = (context: object) => readContext('ads', context as EvaluationContext, 'account_id');
const person = { targetingKey: '42' };

describe('an evaluation context', () => {
  it('is a question about the person of the targeting key', () => {
    expect(read({ ...person, plan: 'gold', seen: new Date(0) })).toEqual({
      purpose: 'ads',
      subject: { type: 'account_id', value: '42' },
    });
    const all = { jurisdiction: 'us', revision: '1.4', globalPrivacyControl: true };
    expect(read({ targetingKey: 'a@b.example', identifierType: 'email', ...all })).toEqual({
      purpose: 'ads',
      subject: { type: 'email', value: 'a@b.example' },
      ...all,
    });
    const nothing = {
      jurisdiction: null,
      globalPrivacyControl: null,
      identifierType: undefined,
      signals: null,
    };
    expect(read({ ...person, ...nothing })).toEqual(read(person));
  });

  it.each([
    [{}, 'TARGETING_KEY_MISSING'],
    [{ targetingKey: '' }, 'TARGETING_KEY_MISSING'],
    [{ targetingKey: 42 }, 'INVALID_CONTEXT'],
    [{ ...person, identifierType: 1 }, 'INVALID_CONTEXT'],
    [{ ...person, jurisdiction: ['us'] }, 'INVALID_CONTEXT'],
    [{ ...person, revision: 4 }, 'INVALID_CONTEXT'],
    [{ ...person, globalPrivacyControl: '1' }, 'INVALID_CONTEXT'],
    [{ ...person, globalPrivacyControl: 1 }, 'INVALID_CONTEXT'],
    [{ ...person, signals: { tcf: 'C' } }, 'INVALID_CONTEXT'],
  ])('%j is %s, rather than a question that leaves something out', (context, code) => {
    const found = read(context);
    expect(found).toMatchObject({ code });
    expect(JSON.stringify(found)).not.toContain('42');
  });
});
