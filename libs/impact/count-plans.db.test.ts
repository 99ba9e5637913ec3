import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { systemIds, tenantId } from '#kernel';
import { Transactions } from '#platform/database';
import { parsePolicy } from '#policy';
import { openLibraries, withClient, type OpenLibraries } from '#testing';
import { ImpactModule } from './impact.module.js';
import type { PolicyPlan } from './plan.js';
import { PlansRepository } from './plans.repository.js';
import { PolicyPlanRow } from './rows/policy-plan.row.js';

const at = new Date('2026-03-01T12:00:00.000Z');
const after = (seconds: number) => new Date(at.getTime() + seconds * 1_000);

function planOf(state: PolicyPlan['state']): PolicyPlan {
  const findings = {
    changes: [],
    replaced: [],
    fields: 0,
    uncovered: [],
    conflicts: [],
    unenforced: [],
    limits: {},
  };
  return {
    id: systemIds.next(),
    state,
    base: null,
    policy: parsePolicy('{}'),
    files: [],
    findings,
    impact: [],
    world: 'w',
    digest: state === 'ready' ? 'd' : null,
    effectiveAt: null,
    actor: 'key:a',
    createdAt: at,
    expiresAt: after(60),
    approvedBy: null,
    approvalReason: null,
    approvedAt: null,
    version: null,
  };
}

describe('plans to be counted', () => {
  let libraries: OpenLibraries;
  let plans: PlansRepository;

  beforeAll(async () => {
    libraries = await openLibraries([ImpactModule], [PolicyPlanRow], 'system');
    plans = libraries.get(PlansRepository);
  });
  afterAll(() => libraries.close());

  it('are counted by one worker as long as it is alive, and by another when it is not', async () => {
    const tenant = tenantId(systemIds.next());
    const run = <T>(work: Parameters<Transactions['run']>[1]) =>
      libraries.get(Transactions).run(tenant, work) as Promise<T>;
    const plan = planOf('counting');
    // Plans are made by the application's role, and counted by the worker's.
    await withClient(libraries.database.ownerUrl, async (owner) => {
      await owner.query(`insert into tenants (id, slug, name, created_at) values ($1, 't', 'T', now())`, [
        tenant,
      ]);
      for (const one of [plan, planOf('ready')])
        await owner.query(
          `insert into policy_plans (tenant_id, id, state, document, files, findings, impact, world, digest, actor, created_at, expires_at)
           values ($1, $2, $3, $4, '[]', $5, '[]', 'w', $6, 'key:a', $7, $8)`,
          [tenant, one.id, one.state, one.policy, one.findings, one.digest, one.createdAt, one.expiresAt],
        );
    });
    const claim = (now: number) =>
      run<PolicyPlan[]>((tx) => plans.claim(tx, tenant, after(now), after(now + 30)));
    const waiting = (now: number) => run<string[]>((tx) => plans.tenantsWithCounting(tx, after(now)));
    expect(await waiting(0)).toEqual([tenant]);
    expect((await claim(0)).map(({ id }) => id)).toEqual([plan.id]);
    expect(await claim(29)).toEqual([]);
    expect(await waiting(29)).toEqual([]);
    await run((tx) => plans.renew(tx, tenant, plan.id, after(60)));
    expect(await claim(59)).toEqual([]);
    expect(await waiting(61)).toEqual([tenant]);
    expect((await claim(61)).map(({ id }) => id)).toEqual([plan.id]);
  });
});
