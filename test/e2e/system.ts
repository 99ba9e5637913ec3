import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { INestApplicationContext } from '@nestjs/common';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import supertest from 'supertest';
import { issueOperatorKey } from '#access';
import { systemIds } from '#kernel';
import type { ProcessConfig } from '#platform/config';
import { usualBeats } from '#platform/runtime';
import { Log } from '#platform/telemetry';
import { createTestDatabase, withClient, type TestDatabase } from '#testing';
import { createApi } from '../../apps/api/create-api.js';
import { createWorker } from '../../apps/worker/create-worker.js';

/** API and worker in this process, on a database and folders of their own; every log line is kept. */
export interface TestSystem {
  readonly database: TestDatabase;
  readonly api: NestFastifyApplication;
  readonly folder: string;
  readonly logs: () => string;
  readonly operatorKey: string;
  /** A request with a key. */
  readonly as: (key: string) => Client;
  readonly stopWorker: () => Promise<void>;
  /** Another one; without regions it serves all. */
  readonly startWorker: (regions?: readonly string[]) => Promise<void>;
  readonly stop: () => Promise<void>;
}

export interface Client {
  get(path: string): supertest.Test;
  /** A text is YAML. */
  post(path: string, body: object | string): supertest.Test;
  put(path: string, yaml: string): supertest.Test;
  delete(path: string): supertest.Test;
  /** Plans a policy, waits until it is counted, and applies it. */
  applyPolicy(yaml: string): Promise<number>;
  /** Asks until the answer satisfies, for at most 20 s. */
  until(path: string, done: (body: never) => boolean): Promise<unknown>;
}

export interface TestSystemOptions {
  readonly redisUrl?: string;
  /** Without it nothing is planned and nothing is erased until `startWorker`. */
  readonly worker?: false;
}

export async function startTestSystem(options: TestSystemOptions = {}): Promise<TestSystem> {
  const database = await createTestDatabase();
  const folder = mkdtempSync(join(tmpdir(), 'lethe-e2e-'));
  const lines: string[] = [];
  const write = (line: string) => {
    lines.push(line);
    // A healthy system prints no error: show it to whoever looks at a failing test.
    if (/"level":"(error|fatal)"/.test(line)) process.stderr.write(line);
  };
  const log = Log.to('test', 'trace', { write });
  const config: ProcessConfig = {
    appDatabaseUrl: database.appUrl,
    systemDatabaseUrl: database.systemUrl,
    queueDatabaseUrl: database.queueUrl,
    masterKey: randomBytes(32),
    ledgerFolder: join(folder, 'ledger'),
    redisUrl: options.redisUrl,
    port: 0,
    metricsPort: 0,
    host: '127.0.0.1',
    logLevel: 'trace',
    regions: [],
    beats: usualBeats,
  };
  const operatorKey = await withClient(database.ownerUrl, (client) =>
    issueOperatorKey(client, systemIds, new Date()),
  );
  const api = await createApi(config, log);
  await api.init();
  await api.getHttpAdapter().getInstance().ready();
  const workers: INestApplicationContext[] = [];
  const startWorker = async (regions: readonly string[] = []) => {
    workers.push(await createWorker({ ...config, regions }, log));
  };
  if (options.worker !== false) await startWorker();
  const stopWorker = async () => {
    for (const worker of workers.splice(0)) await worker.close();
  };
  return {
    database,
    api,
    folder,
    logs: () => lines.join(''),
    operatorKey,
    as: (key) => client(api, key),
    stopWorker,
    startWorker,
    stop: async () => {
      await stopWorker();
      await api.close();
      await database.drop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** A tenant of one's own and its administrator. */
export async function createTenant(
  system: TestSystem,
  slug: string,
): Promise<Client & { readonly id: string; readonly verifierKey: string }> {
  const { body } = await system.as(system.operatorKey).post('/v1/tenants', { slug, name: slug }).expect(201);
  return {
    ...system.as(String(body.administratorKey)),
    id: String(body.id),
    verifierKey: String(body.verifierKey),
  };
}

function client(api: NestFastifyApplication, key: string): Client {
  const http = () => supertest(api.getHttpServer());
  const authorization = { authorization: `Bearer ${key}` };
  const self: Client = {
    get: (path) => http().get(path).set(authorization),
    post: (path, body) => {
      const request = http().post(path).set(authorization);
      return (typeof body === 'string' ? request.set('content-type', 'application/yaml') : request).send(
        body,
      );
    },
    put: (path, yaml) =>
      http().put(path).set(authorization).set('content-type', 'application/yaml').send(yaml),
    delete: (path) => http().delete(path).set(authorization),
    applyPolicy: async (yaml) => {
      const { id } = (await self.post('/v1/policy/plans', { document: yaml }).expect(201)).body as {
        id: string;
      };
      const path = `/v1/policy/plans/${id}`;
      const plan = (await self.until(path, ({ state }: { state: string }) => state !== 'counting')) as {
        state: string;
        digest: string;
      };
      if (plan.state !== 'ready') throw new Error(`the policy does not apply: ${JSON.stringify(plan)}`);
      const { body } = await self.post(`${path}/application`, { digest: plan.digest }).expect(200);
      return (body as { version: number }).version;
    },
    until: async (path, done) => {
      const end = Date.now() + 20_000;
      for (;;) {
        const { body, status } = await self.get(path);
        if (status === 200 && done(body as never)) return body;
        if (Date.now() > end)
          throw new Error(`gave up on ${path}: ${status} ${JSON.stringify(body).slice(0, 2_000)}`);
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    },
  };
  return self;
}
