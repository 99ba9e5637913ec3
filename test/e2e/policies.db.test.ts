import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { withClient } from '#testing';
import { byKey, call } from './callers.js';
import { createTenant, startTestSystem, type Client, type TestSystem } from './system.js';

const schema = 'policies';
const purposes = `
purposes:
  service: { title: Service, legalBasis: contract }
  ads: { title: Ads, legalBasis: consent }
`;
const cover = 'erasure: { everything: {} }';
const rest = 'rest: { keep: indefinitely, reason: Until the person asks. }';

interface Plan {
  readonly id: string;
  readonly state: string;
  readonly digest: string | null;
  readonly base: number | null;
  readonly changes: readonly { readonly section: string; readonly name: string; readonly change: string }[];
  readonly impact: readonly {
    readonly dataset: string;
    readonly rows: number;
    readonly due: number;
    readonly dueAlready: number;
    readonly error: string | null;
  }[];
  readonly coverage: { readonly fields: number; readonly uncovered: readonly { readonly field: string }[] };
  readonly conflicts: readonly { readonly message: string }[];
  readonly approval: {
    readonly needed: boolean;
    readonly reasons: readonly string[];
    readonly by: string | null;
  };
}

function dataMap(url: string, datasets: readonly string[] = ['clicks']): string {
  const described = datasets.map(
    (name) => `
      ${name}:
        location: ${schema}.clicks
        subjectKey: { field: person, form: text, identifier: email }
        collectedAt: { field: at, form: timestamp }
        moments: { last_used: { field: used, form: timestamp } }
        purposes: { field: purposes }
        fields:
          person: { category: user.unique_id }
          page: { category: user.behavior }
          at: { category: user.behavior }
          used: { category: user.behavior }
          purposes: { category: system.operations }`,
  );
  return `
stores:
  rows:
    type: postgres
    settings: { url: ${JSON.stringify(url)} }
    datasets:${described.join('')}
`;
}

describe('a policy', () => {
  let system: TestSystem;
  let admin: Client & { readonly id: string };
  let tenants = 0;

  beforeAll(async () => {
    system = await startTestSystem();
  });
  afterAll(() => system.stop());

  /** Ten rows: collected one to ten years ago and used a year later; odd ones for the service, even ones for ads, the tenth for both. */
  beforeEach(async () => {
    await withClient(system.database.ownerUrl, async (client) => {
      await client.query(`drop schema if exists ${schema} cascade; create schema ${schema}`);
      await client.query(
        `create table ${schema}.clicks (person text, page text, at timestamptz, used timestamptz, purposes text[])`,
      );
      await client.query(
        `insert into ${schema}.clicks select 'p' || n, 'x', now() - make_interval(years => n) + '1 day', now() - make_interval(years => n - 1) + '1 day',
           case when n = 10 then '{service,ads}'::text[] when n % 2 = 1 then '{service}' else '{ads}' end from generate_series(1, 10) n`,
      );
    });
    tenants += 1;
    admin = await createTenant(system, `acme-${tenants}`);
    await admin.put('/v1/data-map', dataMap(system.database.ownerUrl)).expect(200);
  });

  const plan = async (body: object | string, by: Client = admin): Promise<Plan> => {
    const made = (await by.post('/v1/policy/plans', body).expect(201)).body as Plan;
    return (await by.until(`/v1/policy/plans/${made.id}`, ({ state }: Plan) => state !== 'counting')) as Plan;
  };
  const apply = (made: Plan, digest = made.digest) =>
    admin.post(`/v1/policy/plans/${made.id}/application`, { digest });
  const rowsLeft = async () =>
    withClient(system.database.ownerUrl, async (client) => {
      const { rows } = await client.query<{ person: string }>(
        `select person from ${schema}.clicks order by at desc`,
      );
      return rows.map(({ person }) => person);
    });
  const sweep = async () => {
    const { runId } = (await admin.post('/v1/retention/sweeps', { dryRun: false }).expect(202)).body as {
      runId: string;
    };
    await admin.until(`/v1/retention/sweeps/${runId}`, (list: { state: string }[]) =>
      list.every(({ state }) => state === 'finished'),
    );
  };
  const codeOf = (body: unknown) => (body as { code: string }).code;

  it('is planned with what it changes and the rows it would remove, applied by its digest, and removes exactly those', async () => {
    const rules = `${purposes}${cover}
retention:
  of-service: { match: { purpose: service }, keep: P3Y }
  of-ads: { match: { purpose: ads }, keep: P7Y }
  ${rest}`;
    const made = await plan(rules);
    expect(made).toMatchObject({
      state: 'ready',
      base: null,
      conflicts: [],
      coverage: { fields: 5, uncovered: [] },
      approval: { needed: false },
    });
    expect(made.changes.map(({ section, name }) => `${section}/${name}`)).toEqual([
      'purposes/ads',
      'purposes/service',
      'retention/of-ads',
      'retention/of-service',
      'retention/rest',
      'erasure/everything',
    ]);
    // Odd ones of more than three years: 5, 7, 9 (3 is a day too young). Of more than seven: 8, and 10, which serves both.
    expect(made.impact).toMatchObject([{ dataset: 'clicks', rows: 10, due: 5, dueAlready: 0, error: null }]);
    expect((await apply(made).expect(200)).body).toEqual({ version: 1, effectiveAt: null });
    expect(await rowsLeft()).toHaveLength(10);
    await sweep();
    expect(await rowsLeft()).toEqual(['p1', 'p2', 'p3', 'p4', 'p6']);
  });

  it('may count from another moment that rows carry', async () => {
    const made = await plan(`${purposes}${cover}\nretention: { idle: { keep: P5Y, from: last_used } }`);
    expect(made.impact).toMatchObject([{ due: 4 }]);
    await apply(made).expect(200);
    await sweep();
    expect(await rowsLeft()).toEqual(['p1', 'p2', 'p3', 'p4', 'p5', 'p6']);
  });

  it('counts what was due already apart from what a change adds', async () => {
    await admin.applyPolicy(`${purposes}${cover}\nretention: { all: { keep: P8Y } }`);
    const made = await plan(`${purposes}${cover}\nretention: { all: { keep: P4Y } }`);
    expect(made).toMatchObject({
      base: 1,
      changes: [{ section: 'retention', name: 'all', change: 'changed' }],
    });
    expect(made.impact).toMatchObject([{ due: 6, dueAlready: 2 }]);
    const looser = await plan(`${purposes}${cover}\nretention: { all: { keep: P9Y } }`);
    expect(looser.impact).toMatchObject([{ due: 1, dueAlready: 1 }]);
  });

  it('does not apply with another digest, twice, after another version, or after the data map changed', async () => {
    const rules = (keep: string) => `${purposes}${cover}\nretention: { all: { keep: ${keep} } }`;
    const [first, second] = [await plan(rules('P8Y')), await plan(rules('P9Y'))];
    expect(codeOf((await apply(first, 'AAAA').expect(409)).body)).toBe('policy.plan_differs');
    expect(codeOf((await apply(first, second.digest).expect(409)).body)).toBe('policy.plan_differs');
    await apply(first).expect(200);
    expect((await apply(first).expect(200)).body).toMatchObject({ version: 1 });
    expect(codeOf((await apply(second).expect(409)).body)).toBe('policy.plan_stale');
    const third = await plan(rules('P7Y'));
    await admin.put('/v1/data-map', dataMap(system.database.ownerUrl, ['clicks', 'more'])).expect(200);
    expect(codeOf((await apply(third).expect(409)).body)).toBe('policy.plan_stale');
    expect((await admin.get('/v1/policy/versions').expect(200)).body).toMatchObject([
      { version: 1, inForce: true },
    ]);
  });

  it('of two plans applied at once becomes one version', async () => {
    const plans = await Promise.all(
      ['P7Y', 'P8Y', 'P9Y'].map((keep) => plan(`${purposes}${cover}\nretention: { all: { keep: ${keep} } }`)),
    );
    const statuses = await Promise.all(plans.map(async (made) => (await apply(made)).status));
    expect(statuses.sort()).toEqual([200, 409, 409]);
    expect((await admin.get('/v1/policy/versions').expect(200)).body).toHaveLength(1);
  });

  it('beyond the limits of the version it changes waits for a second person, and who made it is not one', async () => {
    const rules = (keep: string, share: number) =>
      `${purposes}${cover}\nretention: { all: { keep: ${keep} } }\nlimits: { some: { share: ${share} } }`;
    await admin.applyPolicy(rules('P9Y', 0.2));
    // Its own limits would allow it: they are not asked.
    const made = await plan(rules('P4Y', 1));
    expect(made.approval).toMatchObject({ needed: true, by: null });
    expect(made.approval.reasons).toEqual([
      'limit some: rows/clicks: 5 of 10 rows would newly be due, more than the share of 0.2',
    ]);
    expect(codeOf((await apply(made).expect(409)).body)).toBe('policy.approval_needed');
    const approve = (key: string) =>
      call(system, 'POST', `/v1/policy/plans/${made.id}/approval`, byKey(key), {
        reason: 'agreed with the board',
      });
    const own = await admin
      .post(`/v1/policy/plans/${made.id}/approval`, { reason: 'agreed with myself' })
      .expect(403);
    expect(codeOf(own.body)).toBe('policy.four_eyes');
    const { key } = (await admin.post('/v1/keys', { role: 'privacy_officer', name: 'second' }).expect(201))
      .body as { key: string };
    expect((await approve(key)).body).toMatchObject({ approval: { needed: true } });
    expect(codeOf((await approve(key)).body)).toBe('policy.approved');
    expect((await apply(made).expect(200)).body).toMatchObject({ version: 2 });
    const within = await plan(rules('P4Y', 0.5));
    expect(within.approval.needed).toBe(false);
  });

  it('that a store cannot be counted for says so, and waits for a second person', async () => {
    await withClient(system.database.ownerUrl, (client) => client.query(`drop table ${schema}.clicks`));
    const made = await plan(`${purposes}${cover}\nretention: { all: { keep: P9Y } }`);
    expect(made).toMatchObject({
      state: 'ready',
      impact: [{ dataset: 'clicks', rows: null, due: null }],
      approval: { needed: true },
    });
    expect(made.impact[0]?.error).not.toBeNull();
    expect(codeOf((await apply(made).expect(409)).body)).toBe('policy.approval_needed');
  });

  it('that leaves a field without a rule, or contradicts itself, is kept as refused and never applies', async () => {
    const uncovered = await plan(`${purposes}retention: { all: { keep: P9Y } }`);
    expect(uncovered).toMatchObject({ state: 'refused', digest: null });
    expect(uncovered.coverage.uncovered.map(({ field }) => field).sort()).toEqual([
      'at',
      'page',
      'person',
      'purposes',
      'used',
    ]);
    const contradicting = await plan(
      `${purposes}${cover}\nretention:\n  a: { match: { store: rows }, keep: P1Y }\n  b: { match: { category: user }, atLeast: P2Y }`,
    );
    expect(contradicting.conflicts.map(({ message }) => message)).toContain(
      'kept for P1Y at most, but retention/b keeps it for P2Y from collected at least',
    );
    const elsewhere = await plan(
      `${purposes}${cover}\nretention: { all: { keep: P9Y }, x: { match: { store: shop }, keep: P1Y } }`,
    );
    expect(elsewhere.conflicts).toMatchObject([{ message: 'there is no store shop' }]);
    for (const made of [uncovered, contradicting, elsewhere])
      expect(codeOf((await apply(made, 'x').expect(409)).body)).toBe('policy.plan_refused');
    expect(codeOf((await admin.get('/v1/policy').expect(409)).body)).toBe('policy.missing');
  });

  it('holds a data map to its rules: what it does not cover is not registered', async () => {
    await admin.applyPolicy(
      `${purposes}${cover}\nretention: { all: { match: { category: user.behavior }, keep: P9Y } }`,
    );
    const before = (await admin.get('/v1/stores').expect(200)).body as unknown;
    const wider = dataMap(system.database.ownerUrl).replace(
      'page: { category: user.behavior }',
      'page: { category: user.content }',
    );
    const refused = await admin.put('/v1/data-map', wider).expect(409);
    expect(refused.body).toMatchObject({ code: 'data_map.uncovered' });
    const fields = (refused.body as { errors: { pointer: string }[] }).errors.map(({ pointer }) => pointer);
    expect(
      fields.map((pointer) => pointer.replace('/stores/rows/datasets/clicks/fields/', '')).sort(),
    ).toEqual(['at', 'page', 'person', 'purposes', 'used']);
    expect((await admin.get('/v1/stores').expect(200)).body).toEqual(before);
  });

  it('takes effect when it was said to, for decisions too, and a later one takes its place', async () => {
    await admin.applyPolicy(`${purposes}${cover}\nretention: { all: { keep: P9Y } }`);
    const soon = new Date(Date.now() + 1_500).toISOString();
    const rules = `purposes: { news: { title: News, legalBasis: contract } }\n${cover}\nretention: { all: { keep: P9Y } }`;
    const made = await plan({ document: rules, effectiveAt: soon });
    expect((await apply(made).expect(200)).body).toEqual({ version: 2, effectiveAt: soon });
    const subject = { type: 'email', value: 'ann@example.org' };
    await admin.post('/v1/subjects', { subject }).expect(201);
    const decide = async (purpose: string) =>
      (await admin.post('/v1/decisions', { subject, purpose }).expect(200)).body as {
        reason: string;
        policyVersion: number;
      };
    expect(await decide('news')).toMatchObject({ reason: 'purpose.unknown', policyVersion: 1 });
    expect((await admin.get('/v1/policy').expect(200)).body).toMatchObject({ version: 1 });
    await admin.until('/v1/policy', ({ version }: { version: number }) => version === 2);
    // From memory an answer may be a quarter of a second old.
    await expect.poll(() => decide('news')).toMatchObject({ reason: 'basis.declared', policyVersion: 2 });
    const later = await plan({ version: 1, effectiveAt: new Date(Date.now() + 3_600_000).toISOString() });
    await apply(later).expect(200);
    await admin.applyPolicy(rules);
    expect((await admin.get('/v1/policy/versions').expect(200)).body).toMatchObject([
      { version: 4, inForce: true },
      { version: 3, inForce: false },
      { version: 2, inForce: false },
      { version: 1, inForce: false },
    ]);
  });

  it('of before is there to explain what was answered then, word for word, and can be planned again', async () => {
    const text = `# why we keep it\n${purposes}${cover}\nretention: { all: { keep: P9Y, source: our counsel } }`;
    const first = await plan({ files: [{ name: 'rules/a.yaml', text }] });
    await apply(first).expect(200);
    await admin.applyPolicy(`${purposes}${cover}\nretention: { all: { keep: P8Y } }`);
    const { body } = await admin.get('/v1/policy/versions/1').expect(200);
    expect(body).toMatchObject({
      version: 1,
      inForce: false,
      files: [{ name: 'rules/a.yaml', text }],
      policy: { retention: { all: { keep: 'P9Y' } } },
    });
    const back = await plan({ version: 1 });
    expect(back).toMatchObject({
      base: 2,
      changes: [{ section: 'retention', name: 'all', change: 'changed' }],
    });
    await apply(back).expect(200);
    expect((await admin.get('/v1/policy').expect(200)).body).toMatchObject({
      version: 3,
      policy: { retention: { all: { source: 'our counsel' } } },
    });
    await admin.get('/v1/policy/versions/9').expect(404);
    expect(codeOf((await admin.post('/v1/policy/plans', { version: 9 }).expect(400)).body)).toBe(
      'policy.unknown_version',
    );
  });

  it.each([
    ['nothing', {}, 'policy.nothing_to_plan'],
    ['two things at once', { document: '{}', version: 1 }, 'policy.nothing_to_plan'],
    [
      'a time that has passed',
      { document: '{}', effectiveAt: '2020-01-01T00:00:00Z' },
      'policy.effective_in_the_past',
    ],
    [
      'files of which one is not valid',
      {
        files: [
          { name: 'good.yaml', text: '{}' },
          { name: 'bad.yaml', text: '\nclocks:\n  a: { within: P0D }' },
        ],
      },
      'policy.invalid',
    ],
  ])('is not planned from %s', async (_, body, code) => {
    const problem = (await admin.post('/v1/policy/plans', body).expect(400)).body as { errors?: object[] };
    expect(codeOf(problem)).toBe(code);
    if (code === 'policy.invalid')
      expect(problem.errors).toMatchObject([{ file: 'bad.yaml', line: 3, pointer: '/clocks/a/within' }]);
  });

  it('leaves what it cannot carry out alone, says so, and a deletion ends as unsupported', async () => {
    const rules = `${purposes}retention: { all: { keep: P1Y, then: { redact: hash } } }\nerasure: { all: { then: { redact: hash } } }`;
    const made = await plan(rules);
    expect(made).toMatchObject({ state: 'ready', impact: [] });
    await apply(made).expect(200);
    expect(codeOf((await admin.post('/v1/retention/sweeps', { dryRun: false }).expect(409)).body)).toBe(
      'retention.no_rules',
    );
    const { id } = (
      await admin
        .post('/v1/requests', { kind: 'deletion', subject: { type: 'email', value: 'p9' } })
        .expect(202)
    ).body as { id: string };
    await admin.until(
      `/v1/requests/${id}`,
      ({ state }: { state: string }) => state === 'partially_completed',
    );
    expect(await rowsLeft()).toHaveLength(10);
  });
});
