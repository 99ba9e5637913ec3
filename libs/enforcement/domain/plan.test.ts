import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { storeId, subjectRef } from '#kernel';
import type { ConsentState, DecisionRules, PurposeRules } from '#decisions';
import type { MappedDataset } from '#connector-kit';
import { govern, parsePolicy } from '#policy';
import { governed, type RegisteredStore } from '#stores';
import { lostPurposes, plan, stillLost, type SubjectCause } from './plan.js';

const now = new Date('2026-06-15T12:00:00Z');
const ref = subjectRef('6f6f3c5e-8d2a-4c1b-9e55-0a1b2c3d4e5f');

function dataset(name: string, more: Partial<MappedDataset> = {}): MappedDataset {
  return {
    name,
    location: name,
    subjectKey: { field: 'user_id', form: 'text' },
    collectedAt: { field: 'at', form: 'timestamp' },
    fields: ['user_id', 'at'],
    identifier: 'account_id',
    purposes: ['recommendations'],
    derivedFrom: [],
    moments: {},
    fieldRules: { user_id: { category: 'user.unique_id', rule: 'purge' } },
    ...more,
  };
}

function store(name: string, datasets: readonly MappedDataset[]): RegisteredStore {
  return {
    id: storeId('0190f5d8-8f7a-7c3e-8b1a-0123456789ab'),
    name,
    type: 'postgres',
    laneId: 'lane',
    region: 'default',
    level: 'removed',
    backupHorizon: null,
    datasets,
    state: 'ready',
    faults: [],
    compactionOwed: [],
    compactionDueAt: null,
  };
}

const stores = [
  store('catalogue', [
    dataset('tags'),
    dataset('ratings', { purposes: [], purposesField: 'purposes' }),
    dataset('clicks', { purposes: ['analytics'] }),
  ]),
  store('vectors', [
    dataset('embeddings', { derivedFrom: ['catalogue/tags'] }),
    dataset('mailing', { identifier: 'email' }),
  ]),
];
/** Stores under a policy of which only what the data map says of erasure matters. */
const under = (stores: readonly RegisteredStore[]) => ({
  stores,
  world: govern(parsePolicy('{}'), stores.map(governed), now),
});
const identifiers = new Map([['account_id', ['42', '43']]]);
const cause: SubjectCause = { kind: 'request', id: 'r', subjectRef: ref, asOf: now, deadline: now };
const planned = (more: Partial<SubjectCause> = {}) => plan({ ...cause, ...more }, identifiers, under(stores));
const state = (action: ConsentState['action'], expiresAt: Date | null = null): ConsentState => ({
  action,
  since: now,
  expiresAt,
  noticeVersion: null,
  number: 1,
});

describe('planning a cause', () => {
  it("touches every dataset once, with all keys of the dataset's identifier type", () => {
    expect(planned().map(({ dataset: name, keys }) => [name, keys.length])).toEqual([
      ['tags', 2],
      ['ratings', 2],
      ['clicks', 2],
      ['embeddings', 2],
      ['mailing', 0],
    ]);
  });

  it('lets derived data wait for its source', () => {
    expect(planned().find(({ dataset: name }) => name === 'embeddings')?.awaits).toEqual(['catalogue/tags']);
  });

  it('does not let derived data wait for a source that the plan leaves alone', () => {
    const plans = planned({ datasets: new Set(['vectors/embeddings']) });
    expect(plans.map(({ dataset: name, awaits }) => [name, awaits])).toEqual([['embeddings', []]]);
  });

  it('touches only what was collected for nothing but lost purposes', () => {
    const plans = planned({ kind: 'withdrawal', lostPurposes: new Set(['analytics']) });
    expect(plans.map(({ dataset: name }) => name)).toEqual(['ratings', 'clicks']);
    expect(plans.every(({ onlyPurposes }) => onlyPurposes?.join() === 'analytics')).toBe(true);
  });

  it('never plans for a dataset of which some purpose is not lost', () => {
    const purposes = fc.subarray(['recommendations', 'analytics', 'training']);
    fc.assert(
      fc.property(purposes, purposes, (collectedFor, lost) => {
        const plans = plan(
          { ...cause, lostPurposes: new Set(lost) },
          identifiers,
          under([store('s', [dataset('d', { purposes: collectedFor })])]),
        );
        const allLost = collectedFor.length > 0 && collectedFor.every((purpose) => lost.includes(purpose));
        expect(plans.length).toBe(allLost ? 1 : 0);
      }),
    );
  });
});

describe('what the data map keeps', () => {
  const kept = dataset('invoices', {
    fieldRules: { user_id: { category: 'user', rule: { keep: { basis: 'legal_obligation' } } } },
  });

  it('is planned as kept, with its legal basis', () => {
    expect(plan(cause, identifiers, under([store('s', [kept])]))).toMatchObject([
      { disposal: { kind: 'retain', basis: 'legal_obligation' } },
    ]);
    expect(plan(cause, identifiers, under([store('s', [dataset('d')])]))).toMatchObject([
      { disposal: { kind: 'purge' } },
    ]);
  });

  it('holds up nothing that was derived from it', () => {
    const derived = dataset('features', { derivedFrom: ['s/invoices'] });
    const [, features] = plan(cause, identifiers, under([store('s', [kept, derived])]));
    expect(features?.awaits).toEqual([]);
  });
});

describe('what is lost', () => {
  const purpose = (more: Partial<PurposeRules> = {}): PurposeRules => ({
    within: [],
    legalBasis: 'consent',
    bases: {},
    honoursOptOutSignal: false,
    onlyNotice: null,
    conditions: { leaveOut: [], maximumAge: null },
    ...more,
  });
  const rules = (purposes: DecisionRules['purposes']): DecisionRules => ({
    policyVersion: 1,
    purposes,
    jurisdictions: ['us'],
  });
  const lost = (states: Readonly<Record<string, ConsentState>>, purposes?: DecisionRules['purposes']) =>
    [...lostPurposes(new Map(Object.entries(states)), purposes && rules(purposes), now)].sort();

  it('is what was withdrawn, refused, objected to or has expired; never what was not asked about', () => {
    const states = {
      a: state('grant'),
      b: state('withdraw'),
      c: state('refuse'),
      d: state('object'),
      e: state('grant', now),
      f: state('renew'),
      g: state('expire'),
      h: state('invalidate'),
    };
    const all = Object.fromEntries([...Object.keys(states), 'never'].map((name) => [name, purpose()]));
    expect(lost(states, all)).toEqual(['b', 'c', 'd', 'e', 'g', 'h']);
    expect(lost(states)).toEqual(['b', 'c', 'd', 'e', 'g', 'h']);
  });

  it('is what is part of something that was refused, when it was ever allowed', () => {
    const purposes = {
      marketing: purpose(),
      letters: purpose({ within: ['marketing'] }),
      calls: purpose({ within: ['marketing'] }),
      studies: purpose({ within: ['marketing'], legalBasis: 'legitimate_interest' }),
    };
    expect(lost({ marketing: state('withdraw'), letters: state('grant') }, purposes)).toEqual([
      'letters',
      'marketing',
      'studies',
    ]);
    expect(lost({ letters: state('withdraw'), marketing: state('grant') }, purposes)).toEqual(['letters']);
  });

  it('is not what lapsed where another basis may hold: too much would be deleted', () => {
    const purposes = {
      ads: purpose({ bases: { us: 'legitimate_interest' } }),
      service: purpose({ legalBasis: 'contract' }),
    };
    expect(lost({ ads: state('expire'), service: state('invalidate') }, purposes)).toEqual([]);
    expect(lost({ ads: state('withdraw'), service: state('object') }, purposes)).toEqual(['ads', 'service']);
  });

  it('is not a consent under a notice that has changed: it is asked about again', () => {
    expect(lost({ a: state('grant') }, { a: purpose({ onlyNotice: 'new' }) })).toEqual([]);
  });

  it('is re-read before acting: a purpose granted again is no longer lost', () => {
    const perRow = dataset('ratings', { purposes: [], purposesField: 'purposes' });
    expect(stillLost(['a', 'b'], new Set(['b', 'c']), perRow)).toEqual(['b']);
    expect(stillLost(['a'], new Set(), perRow)).toBeUndefined();
    expect(stillLost(['a', 'b'], new Set(['b']), dataset('d', { purposes: ['a', 'b'] }))).toBeUndefined();
  });
});
