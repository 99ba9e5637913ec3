import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { Caller } from '#access';
import type { SubjectRef, TenantId } from '#kernel';
import { Transactions } from '#platform/database';
import { callerOf, openLibraries, withClient, type OpenLibraries } from '#testing';
import { ReadSubject } from './read-subject.js';
import { ResolveSubjects } from './resolve-subjects.js';
import { DisclosureRow } from './rows/disclosure.row.js';
import { SubjectsModule } from './subjects.module.js';
import { SuppressSubjects } from './suppress-subjects.js';

type Principal = Caller['principal'];

const unknown = expect.objectContaining({ kind: 'not_found', code: 'subject.unknown' }) as Error;
const email = { type: 'email', value: 'ann@example.org' };

describe('one person', () => {
  let libraries: OpenLibraries;
  let tenant: TenantId;
  let ann: SubjectRef;
  let bob: SubjectRef;

  beforeAll(async () => {
    libraries = await openLibraries([SubjectsModule], [DisclosureRow]);
  });
  afterAll(() => libraries.close());
  beforeEach(async () => {
    tenant = await libraries.newTenant();
    ann = await register(tenant, email);
    bob = await register(tenant, { type: 'email', value: 'bob@example.org' });
  });

  const register = async (of: TenantId, ...identifiers: readonly { type: string; value: string }[]) => {
    const refs = await libraries
      .get(Transactions)
      .run(of, (tx) => libraries.get(ResolveSubjects).execute(tx, of, identifiers));
    return refs[0]!;
  };
  const caller = (role: Principal['roles'][number], more: Partial<Principal> = {}): Caller =>
    callerOf(tenant, role, more);
  const personOf = (subjectRef: SubjectRef | null) =>
    caller('person', { person: { identifier: 'email:ann@example.org', subjectRef } });
  const read = (by: Caller, named: string) => libraries.get(ReadSubject).execute(by, named);

  it('is seen by officers, with what is held of them', async () => {
    await withClient(libraries.database.ownerUrl, (client) =>
      client.query(
        `insert into subject_identifiers (tenant_id, type, hash, key_id, subject_ref, sealed)
         select tenant_id, type, 'another', key_id, $2, sealed from subject_identifiers
          where tenant_id = $1 and subject_ref = $3`,
        [tenant, ann, bob],
      ),
    );
    for (const role of ['administrator', 'privacy_officer'] as const)
      expect(await read(caller(role), ann), role).toEqual({
        subjectRef: ann,
        registeredAt: expect.any(Date),
        suppressed: false,
        identifiers: [email, { type: 'email', value: 'bob@example.org' }],
      });
  });

  it('sees themself, by name and as self, and nobody else', async () => {
    for (const named of [ann, 'self'])
      expect(await read(personOf(ann), named)).toMatchObject({ subjectRef: ann, identifiers: [email] });
    await expect(read(personOf(ann), bob)).rejects.toThrow(unknown);
  });

  it('is unknown alike when nobody knows them and when the caller may not see them', async () => {
    const messages = new Set<string>();
    const attempts: readonly (readonly [string, Caller, string])[] = [
      ['an unknown pseudonym', caller('administrator'), randomUUID()],
      ['no pseudonym', caller('administrator'), "' or ''='"],
      ['a NUL', caller('administrator'), 'a\0b'],
      ['self of nobody in particular', caller('administrator'), 'self'],
      ['self of a person whom Lethe never met', personOf(null), 'self'],
      ['somebody else', personOf(ann), bob],
      ['support, to which nobody was disclosed', caller('support'), ann],
      ['support, to which somebody else was', caller('support', { disclosed: [bob] }), ann],
      ['an auditor', caller('auditor'), ann],
      ['a service', caller('service'), ann],
      [
        'an administrator narrowed to a purpose',
        caller('administrator', { scope: { purposes: ['ads'] } }),
        ann,
      ],
      ['no role', caller('auditor', { roles: [] }), ann],
      ['another tenant', caller('administrator', { tenant: await libraries.newTenant() }), ann],
    ];
    for (const [what, by, named] of attempts) {
      const refused = await read(by, named).then(
        () => expect.unreachable(what),
        (error: unknown) => error,
      );
      expect(refused, what).toEqual(unknown);
      messages.add((refused as Error).message);
    }
    expect(messages.size).toBe(1);
  });

  it('is suppressed from the erasure on, and without identifiers once it is complete', async () => {
    const suppress = libraries.get(SuppressSubjects);
    const inTenant = (work: Parameters<Transactions['run']>[1]) =>
      libraries.get(Transactions).run(tenant, work);
    await inTenant((tx) => suppress.execute(tx, tenant, [ann], new Date()));
    expect(await read(personOf(ann), 'self')).toMatchObject({ suppressed: true, identifiers: [email] });
    await inTenant((tx) => suppress.forget(tx, tenant, [ann]));
    expect(await read(caller('privacy_officer'), ann)).toMatchObject({ suppressed: true, identifiers: [] });
    expect(await read(caller('privacy_officer'), bob)).toMatchObject({ suppressed: false });
  });

  it('of another tenant with the same identifier is somebody else', async () => {
    const other = await libraries.newTenant();
    const theirs = await register(other, email);
    expect(theirs).not.toBe(ann);
    await expect(read(caller('administrator'), theirs)).rejects.toThrow(unknown);
  });
});
