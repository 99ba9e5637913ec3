import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { PATH_METADATA } from '@nestjs/common/constants.js';
import { DiscoveryService, MetadataScanner } from '@nestjs/core';
import supertest from 'supertest';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { createTenant, startTestSystem, type TestSystem } from './system.js';

const roles = ['operator', 'administrator', 'privacy_officer', 'auditor', 'service'] as const;
const strangers = ['no key', 'unknown key', 'revoked key', 'expired key'] as const;
type Caller = (typeof roles)[number] | (typeof strangers)[number];

type Row = 'anyone' | readonly string[];
const matrix = parse(readFileSync(join(import.meta.dirname, 'access-matrix.yaml'), 'utf8')) as Record<
  string,
  Row
>;

function expected(row: Row, caller: Caller): 'in' | 401 | 403 {
  if (row === 'anyone' || row.includes(caller)) return 'in';
  return strangers.some((stranger) => stranger === caller) ? 401 : 403;
}

/** What the caller learns about access from a status; a fault of ours is none of these. */
function seen(status: number): string | number {
  if (status === 401 || status === 403) return status;
  return status < 500 ? 'in' : `failed with ${status}`;
}

describe('the access matrix', () => {
  let system: TestSystem;
  let operations: readonly string[];
  let keys: Record<Caller, string | undefined>;

  beforeAll(async () => {
    system = await startTestSystem({ worker: false });
    const { body } = await supertest(system.api.getHttpServer()).get('/docs-json').expect(200);
    operations = Object.entries(body.paths as Record<string, object>).flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
    );
    const admin = await createTenant(system, 'acme');
    const issue = async (role: string, expiresAt?: string) =>
      (await admin.post('/v1/keys', { role, name: role, expiresAt }).expect(201)).body as {
        id: string;
        key: string;
      };
    const revoked = await issue('administrator');
    await admin.delete(`/v1/keys/${revoked.id}`).expect(204);
    const live = await issue('administrator');
    keys = {
      'no key': undefined,
      // A prefix that exists, with a secret of the right form that is not its own.
      'unknown key': live.key.slice(0, -43) + revoked.key.slice(-43),
      'revoked key': revoked.key,
      'expired key': (await issue('administrator', new Date(Date.now() - 1).toISOString())).key,
      operator: system.operatorKey,
      administrator: live.key,
      privacy_officer: (await issue('privacy_officer')).key,
      auditor: (await issue('auditor')).key,
      service: (await issue('service')).key,
    };
  });
  afterAll(() => system.stop());

  const call = (operation: string, key: string | undefined) => {
    const [method = '', path = ''] = operation.split(' ');
    const url = path.replaceAll(/\{[^}]+\}/g, () => randomUUID());
    const http = supertest(system.api.getHttpServer());
    const request = {
      GET: http.get(url),
      POST: http.post(url),
      PUT: http.put(url),
      DELETE: http.delete(url),
    }[method];
    if (request === undefined) throw new Error(`the test cannot send ${method}`);
    if (method === 'POST' || method === 'PUT') void request.send({});
    return key === undefined ? request : request.set('authorization', `Bearer ${key}`);
  };

  it('has one row for every operation, and no row for what is gone', () => {
    expect([...operations].sort()).toEqual(Object.keys(matrix).sort());
  });

  it('is about every route that a controller has: none is left out of the document', () => {
    const scanner = system.api.get(MetadataScanner);
    const routes = system.api
      .get(DiscoveryService)
      .getControllers()
      .flatMap(({ instance }) => {
        const prototype = Object.getPrototypeOf(instance) as Record<string, object>;
        return scanner.getAllMethodNames(prototype).map((name) => prototype[name] ?? {});
      })
      .filter((handler) => Reflect.hasMetadata(PATH_METADATA, handler));
    expect(operations).toHaveLength(routes.length);
    expect(routes.length).toBeGreaterThan(20);
  });

  it('names roles that exist only', () => {
    for (const row of Object.values(matrix))
      for (const role of row === 'anyone' ? [] : row) expect(roles).toContain(role);
  });

  it.each([...strangers, ...roles])('holds for %s', async (caller) => {
    const answers: Record<string, unknown> = {};
    for (const operation of operations)
      answers[operation] = seen((await call(operation, keys[caller])).status);
    expect(answers).toEqual(
      Object.fromEntries(
        operations.map((operation) => [operation, expected(matrix[operation] ?? [], caller)]),
      ),
    );
  });

  it('reads the same whatever was wrong with a key', async () => {
    const live = keys.administrator ?? '';
    const tellings = new Set<string>();
    for (const authorization of [
      undefined,
      '',
      'Bearer',
      'Bearer ',
      `Basic ${live}`,
      live,
      `Bearer ${live} `.repeat(2),
      `Bearer ${live}x`,
      `Bearer ${live.slice(0, -1)}`,
      `Bearer ${live.toUpperCase()}`,
      `Bearer lethe_000000000000_${'A'.repeat(43)}`,
      `Bearer ${"' or ''='".repeat(5)}`,
      `Bearer ${'x'.repeat(10_000)}`,
      `Bearer ${keys['unknown key'] ?? ''}`,
      `Bearer ${keys['revoked key'] ?? ''}`,
      `Bearer ${keys['expired key'] ?? ''}`,
    ]) {
      const request = supertest(system.api.getHttpServer()).get('/v1/keys');
      if (authorization !== undefined) void request.set('authorization', authorization);
      const { status, text, headers } = await request;
      expect(status, authorization).toBe(401);
      expect(headers['www-authenticate']).toBe('Bearer');
      tellings.add(text);
    }
    expect(tellings.size).toBe(1);
  });
});
