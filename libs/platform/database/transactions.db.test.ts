import { setTimeout as pause } from 'node:timers/promises';
import { Module, type INestApplicationContext } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createTestDatabase, withClient, type TestDatabase } from '#testing';
import { DatabaseModule, Transactions } from './index.js';

@Module({})
class Root {}

let database: TestDatabase;
let app: INestApplicationContext;
beforeAll(async () => {
  database = await createTestDatabase();
  const imports = [DatabaseModule.forRole(database.systemUrl, [], 2)];
  app = await NestFactory.createApplicationContext({ module: Root, imports }, { logger: false });
  await withClient(database.ownerUrl, (owner) =>
    owner.query("insert into outbox (kind, payload) values ('held', '{}')"),
  );
});
afterAll(async () => {
  await app.close();
  await database.drop();
});

describe('a transaction whose process stalls', () => {
  it('is ended by the server within ten seconds', async () => {
    const [row] = await app
      .get(Transactions)
      .run(null, (tx) =>
        tx.query<{ timeout: string }[]>(
          "select current_setting('idle_in_transaction_session_timeout') as timeout",
        ),
      );
    expect(row).toEqual({ timeout: '10s' });
  });

  it('holds nobody up any longer, fails when it goes on, and breaks no other', async () => {
    const transactions = app.get(Transactions);
    const stalled = transactions.run(null, async (tx) => {
      await tx.query("set local idle_in_transaction_session_timeout = '200ms'");
      await tx.query('select 1 from outbox for update');
      await pause(600);
      await tx.query('delete from outbox');
    });
    const failure = expect(stalled).rejects.toThrow();
    await pause(100);
    const rows = await transactions.run(null, (tx) =>
      tx.query<unknown[]>('select kind from outbox for update'),
    );
    expect(rows).toEqual([{ kind: 'held' }]);
    await failure;
    for (let again = 0; again < 4; again++)
      expect(await transactions.run(null, (tx) => tx.query('select kind from outbox'))).toEqual(rows);
  });
});
