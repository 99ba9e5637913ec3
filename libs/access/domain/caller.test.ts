import { describe, expect, it } from 'vitest';
import { tenantId } from '#kernel';
import type { Action, Resource } from './abilities.js';
import { Caller } from './caller.js';
import type { Principal } from './principal.js';
import { roles, type Role } from './roles.js';

const ours = tenantId('01890000-0000-7000-8000-000000000001');
const ann = 'email:ann@example.org';
const bob = 'email:bob@example.org';
const annRef = '6f1c2a3e-8a51-4f0e-9d39-0c6c2a9b7e11';
const bobRef = '6f1c2a3e-8a51-4f0e-9d39-0c6c2a9b7e12';

function caller(role: Role, more: Partial<Principal> = {}): Caller {
  return new Caller({
    tenant: role === 'operator' ? null : ours,
    tenantState: 'active',
    roles: [role],
    actor: 'key:1',
    scope: {},
    person: null,
    disclosed: [],
    ...more,
  });
}

const actions: readonly Action[] = ['create', 'read', 'update', 'delete'];
const resources: readonly Resource[] = [
  'Tenant',
  'Key',
  'Issuer',
  'BreakGlass',
  'Policy',
  'Hold',
  'Store',
  'Subject',
  'Consent',
  'ConsentFile',
  'Decision',
  'Replica',
  'Signal',
  'Disclosure',
  'Request',
  'Preview',
  'Obligation',
  'Sweep',
  'Ledger',
];

/** Everything a caller may ever do, as one readable text. */
function reach(who: Caller): string {
  return resources
    .map((resource) => {
      const letters = actions
        .filter((action) => who.mayEver(action, resource))
        .map((action) => (action === 'create' ? 'c' : action[0]));
      return letters.length === 0 ? '' : `${resource}:${letters.join('')}`;
    })
    .filter((text) => text !== '')
    .join(' ');
}

describe('what a role may ever do', () => {
  const office =
    'Tenant:r BreakGlass:r Policy:ru Hold:cru Store:ru Subject:cru Consent:cr ConsentFile:cr Decision:r Signal:r Disclosure:r Request:cr Preview:r Obligation:ru Sweep:cr Ledger:r';
  const table: Readonly<Record<Role, string>> = {
    operator: 'Tenant:c BreakGlass:cud',
    administrator:
      'Tenant:rd Key:crud Issuer:crud BreakGlass:rd Policy:ru Hold:cru Store:ru Subject:cru Consent:cr ConsentFile:cr Decision:r Signal:r Disclosure:r Request:cr Preview:r Obligation:ru Sweep:cr Ledger:r',
    privacy_officer: office,
    auditor:
      'Tenant:r BreakGlass:r Policy:r Hold:r Store:r Disclosure:r Request:r Obligation:r Sweep:r Ledger:r',
    support: 'Subject:r Consent:r Disclosure:cr Request:r',
    service: 'Subject:cu Consent:c ConsentFile:c Decision:r Replica:r Signal:r Request:cr Preview:r Ledger:r',
    personalisation: 'Decision:r Replica:r',
    ingest: 'Subject:c Signal:r',
    store_agent: 'Store:r Obligation:r',
    person: 'Subject:cr Consent:cr Decision:r Request:cr Preview:r',
  };
  it.each(roles)('%s', (role) => {
    const person = role === 'person' ? { identifier: ann, subjectRef: annRef } : null;
    expect(reach(caller(role, { person }))).toBe(table[role]);
  });

  it('is nothing of a tenant for an operator, who belongs to none', () => {
    expect(() => caller('operator').tenant satisfies string).toThrow(
      expect.objectContaining({ code: 'access.denied' }),
    );
  });

  it('adds up for somebody of several roles', () => {
    const both = caller('auditor', { roles: ['auditor', 'support'] });
    expect(both.mayEver('create', 'Disclosure')).toBe(true);
    expect(both.mayEver('read', 'Ledger')).toBe(true);
    expect(both.mayEver('create', 'Request')).toBe(false);
  });

  it('is nothing without a role', () => {
    expect(reach(caller('auditor', { roles: [] }))).toBe('');
  });
});

describe('a tenant that is leaving', () => {
  const states = ['offboarding', 'erasing', 'offboarded'] as const;
  it.each(states)('lets nobody change anything but its administrator end it: %s', (tenantState) => {
    for (const role of roles.filter((one) => one !== 'operator')) {
      const who = caller(role, { tenantState, person: { identifier: ann, subjectRef: annRef } });
      for (const resource of resources)
        for (const action of ['create', 'update', 'delete'] as const)
          expect(who.mayEver(action, resource), `${role} ${action} ${resource}`).toBe(
            role === 'administrator' &&
              action === 'delete' &&
              (resource === 'Tenant' || resource === 'BreakGlass'),
          );
    }
  });

  it('answers no decision and says why', () => {
    const who = caller('personalisation', { tenantState: 'offboarding' });
    expect(() => {
      who.must('read', 'Decision', { purpose: 'ads', identifier: ann });
    }).toThrow(expect.objectContaining({ code: 'tenant.offboarding' }));
  });
});

describe('a person', () => {
  const person = caller('person', { person: { identifier: ann, subjectRef: annRef } });

  it.each(['Subject', 'Consent', 'Request'] as const)('makes a %s of their own only', (resource) => {
    const of = (identifier: string) => ({ purpose: 'ads', identifier });
    expect(person.may('create', resource, of(ann))).toBe(true);
    expect(person.may('create', resource, of(bob))).toBe(false);
  });

  it('reads what is about them only', () => {
    expect(person.may('read', 'Request', { subjectRef: annRef })).toBe(true);
    expect(person.may('read', 'Request', { subjectRef: bobRef })).toBe(false);
    expect(person.may('read', 'Request', {})).toBe(false);
  });

  it('whom nobody knows yet reaches nothing by pseudonym, not even what has none', () => {
    const stranger = caller('person', { person: { identifier: ann, subjectRef: null } });
    expect(stranger.may('create', 'Consent', { purpose: 'ads', identifier: ann })).toBe(true);
    for (const having of [{}, { subjectRef: annRef }, { subjectRef: 'null' }])
      expect(stranger.may('read', 'Request', having)).toBe(false);
  });

  it('is nobody without an identifier', () => {
    expect(reach(caller('person'))).toBe('');
  });
});

describe('support', () => {
  it('sees nobody before a reason, and then that person only', () => {
    expect(caller('support').may('read', 'Request', { subjectRef: annRef })).toBe(false);
    const told = caller('support', { disclosed: [annRef] });
    expect(told.may('read', 'Request', { subjectRef: annRef })).toBe(true);
    expect(told.may('read', 'Request', { subjectRef: bobRef })).toBe(false);
    expect(told.may('read', 'Request', {})).toBe(false);
  });
});

describe('a scope', () => {
  it('narrows decisions and consents to its purposes, and leaves nothing else', () => {
    const scoped = caller('service', { scope: { purposes: ['ads'] } });
    expect(scoped.may('read', 'Decision', { purpose: 'ads', identifier: ann })).toBe(true);
    expect(scoped.may('read', 'Decision', { purpose: 'training', identifier: ann })).toBe(false);
    expect(scoped.may('create', 'Consent', { purpose: 'training', identifier: ann })).toBe(false);
    expect(reach(scoped)).toBe('Consent:c Decision:r');
  });

  it('narrows a store agent to its stores, or its regions, or both', () => {
    const both = caller('store_agent', { scope: { stores: ['rows'], regions: ['eu'] } });
    expect(both.may('read', 'Store', { store: 'rows', region: 'eu' })).toBe(true);
    expect(both.may('read', 'Store', { store: 'rows', region: 'us' })).toBe(false);
    expect(both.may('read', 'Store', { store: 'lake', region: 'eu' })).toBe(false);
    const region = caller('store_agent', { scope: { regions: ['eu'] } });
    expect(region.may('read', 'Obligation', { store: 'lake', region: 'eu' })).toBe(true);
  });

  it('narrows an administrator too', () => {
    expect(reach(caller('administrator', { scope: { purposes: ['ads'] } }))).toBe('Consent:cr Decision:r');
  });
});

describe('fields', () => {
  const request = { id: '1', state: 'received', subjectRef: annRef, asOf: 'now' };

  it('of an auditor tell of nobody', () => {
    expect(caller('auditor').pick('Request', request)).toEqual({ id: '1', state: 'received', asOf: 'now' });
    expect(Object.keys(caller('auditor').pick('Obligation', { id: '1', subjectRef: annRef }))).toEqual([
      'id',
    ]);
  });

  it('are all shown to an officer, and none to who may read nothing', () => {
    expect(caller('privacy_officer').pick('Request', request)).toEqual(request);
    expect(caller('ingest').pick('Request', request)).toEqual({});
  });

  it('add up for somebody of several roles', () => {
    const both = caller('auditor', { roles: ['auditor', 'privacy_officer'] });
    expect(both.pick('Request', request)).toEqual(request);
  });
});
