import { expect } from 'vitest';
import type supertest from 'supertest';
import { withClient } from '#testing';
import type { TestSystem } from './system.js';

/** What a person sees of a refusal (RFC 9457). */
export interface Problem {
  readonly type: string;
  readonly status: number;
  readonly code: string;
  readonly pointer?: string;
  readonly errors?: readonly { readonly pointer: string; readonly message: string }[];
}

/** The key of the person whom no refusal may repeat. */
export const canary = 'canary.person@example.org';

/** A refusal in the one form all have; it never repeats whom the request was about. */
export async function refused(request: supertest.Test, status: number): Promise<Problem> {
  const answer = await request;
  expect(answer.status, answer.text).toBe(status);
  expect(answer.headers['content-type']).toMatch(/^application\/problem\+json/);
  expect(answer.text).not.toContain(canary);
  const problem = answer.body as Problem;
  expect(problem).toMatchObject({ status, type: `urn:lethe:problem:${problem.code}` });
  return problem;
}

/** The places a refusal names, sorted. */
export function pointers({ pointer, errors }: Problem): readonly string[] {
  return [
    ...(pointer === undefined ? [] : [pointer]),
    ...(errors ?? []).map((fault) => fault.pointer),
  ].sort();
}

const tables = [
  'consent_events',
  'consent_states',
  'subjects',
  'ledger_entries',
  'stores',
  'policies',
  'requests',
  'sweeps',
  'api_keys',
  'tenants',
  'outbox',
];

/** Remembers what the system holds; the answer fails when anything was written, or logged as an error. */
export async function unchanged(system: TestSystem): Promise<() => Promise<void>> {
  const counts = () =>
    withClient(system.database.ownerUrl, async (client) => {
      const { rows } = await client.query(
        tables.map((table) => `select '${table}' as name, count(*)::int from ${table}`).join(' union all '),
      );
      return rows as unknown;
    });
  const before = await counts();
  const logged = system.logs().length;
  return async () => {
    expect(await counts()).toEqual(before);
    expect(system.logs().slice(logged)).not.toMatch(/"level":"(error|fatal)"/);
  };
}
