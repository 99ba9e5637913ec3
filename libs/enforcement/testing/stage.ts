import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { RecordConsent, type SaidAction } from '#consent';
import { systemIds, type JsonObject, type SubjectRef } from '#kernel';
import { ReadLedger } from '#ledger';
import { Transactions } from '#platform/database';
import { ResolveSubjects, type Identifier } from '#subjects';
import { callerOf, createTestDatabase, withClient } from '#testing';
import { PlanObligations } from '../plan-obligations.js';
import { RunLane } from '../run-lane.js';
import { openEngine, type Engine, type EngineOptions, type TestTenant } from './open-engine.js';

/** An obligation's row as the database holds it, sealed key and all. */
export type StoredObligation = {
  readonly id: string;
  readonly dataset: string;
  readonly cause_id: string;
  readonly subject_ref: SubjectRef | null;
  readonly sealed_key: Buffer | null;
  readonly awaits: readonly string[];
  readonly attempts: number;
  /** bigint comes as text. */
  readonly rows: string;
  readonly exact: boolean;
  readonly error: string | null;
  readonly outcome: string | null;
  readonly basis: string | null;
  readonly due_at: Date | null;
  readonly hold_id: string | null;
  readonly succeeds: string | null;
  readonly settled_at: Date | null;
};

const day = 86_400_000;

/** The engine on a database of its own, with what every test does to it. */
export class Stage {
  private constructor(
    readonly engine: Engine,
    private readonly ownerUrl: string,
    readonly close: () => Promise<void>,
  ) {}

  static async open(
    above: Pick<EngineOptions, 'modules' | 'rows' | 'beats' | 'regions'> = {},
  ): Promise<Stage> {
    const database = await createTestDatabase();
    const folder = await mkdtemp(join(tmpdir(), 'lethe-engine-'));
    const { appUrl, systemUrl, ownerUrl } = database;
    const engine = await openEngine({ ...above, appUrl, systemUrl, folder });
    return new Stage(engine, ownerUrl, async () => {
      await engine.close();
      await database.drop();
      await rm(folder, { recursive: true, force: true });
    });
  }

  /** As the superuser, whom row-level security does not bind: for arranging and for looking. */
  async owner<T extends Readonly<Record<string, unknown>>>(
    text: string,
    values: readonly unknown[] = [],
  ): Promise<readonly T[]> {
    return withClient(this.ownerUrl, async (client) => (await client.query<T>(text, [...values])).rows);
  }

  /** Resolves once a statement that names this table waits for a lock. */
  async waitsForLock(table: string): Promise<void> {
    for (let tries = 0; tries < 500; tries++) {
      const waiting = await this.owner(
        `select 1 from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock' and query like $1`,
        [`%${table}%`],
      );
      if (waiting.length > 0) return;
    }
    throw new Error(`nobody waits for a lock on ${table}`);
  }

  /** A moment so many milliseconds from now. */
  from(milliseconds: number): Date {
    return new Date(this.engine.clock.now().getTime() + milliseconds);
  }

  /** Puts people's rows into a dataset: one each, collected yesterday, unless told otherwise. */
  fill(
    tenant: TestTenant,
    dataset: string,
    people: readonly string[],
    row: { readonly at?: Date; readonly purposes?: readonly string[] } = {},
  ): void {
    const rows = people.map((key) => ({ at: this.from(-day), ...row, key }));
    tenant.stores[storeOf(dataset)]?.insert(locationOf(dataset), rows);
  }

  /** Whose rows are left, in the order they were written. */
  left(tenant: TestTenant, dataset: string): readonly (string | null)[] {
    return (tenant.stores[storeOf(dataset)]?.read(locationOf(dataset)) ?? []).map(({ key }) => key);
  }

  /** Plans the erasure of people, one cause each; answers the causes in their order. */
  async erase(
    tenant: TestTenant,
    people: readonly (string | Identifier)[],
    asOf = this.engine.clock.now(),
  ): Promise<readonly string[]> {
    const { worker } = this.engine;
    return worker.get(Transactions).run(tenant.id, async (tx) => {
      const identifiers = people.map((one) =>
        typeof one === 'string' ? { type: 'account_id', value: one } : one,
      );
      const refs = await worker.get(ResolveSubjects).execute(tx, tenant.id, identifiers);
      const causes = refs.map((subjectRef) => ({
        kind: 'request' as const,
        id: systemIds.next(),
        subjectRef,
        asOf,
        deadline: new Date(asOf.getTime() + 30 * day),
      }));
      await worker.get(PlanObligations).execute(tx, tenant.id, causes, 1);
      return causes.map(({ id }) => id);
    });
  }

  async consent(tenant: TestTenant, person: string, action: SaidAction, ...purposes: readonly string[]) {
    const subject = { type: 'account_id', value: person };
    for (const purpose of purposes)
      await this.engine.control
        .get(RecordConsent)
        .execute(callerOf(tenant.id), { subject, purpose, action, channel: 'test' });
  }

  /** One pass of a worker over the lane of a store. */
  async run(tenant: TestTenant, store: string, stop = new AbortController().signal): Promise<number> {
    return this.engine.worker.get(RunLane).execute(tenant.laneOf(store), stop);
  }

  async obligations(tenant: TestTenant): Promise<readonly StoredObligation[]> {
    return this.owner('select * from obligations where tenant_id = $1 order by id', [tenant.id]);
  }

  /** The only obligation there is. */
  async obligation(tenant: TestTenant): Promise<StoredObligation> {
    const [one, ...others] = await this.obligations(tenant);
    if (one === undefined || others.length > 0) throw new TypeError('there is not exactly one obligation');
    return one;
  }

  /** The entries of a kind in the order of the ledger, with what they say. */
  async entries(tenant: TestTenant, kind: string): Promise<readonly JsonObject[]> {
    const { worker } = this.engine;
    const all = await worker
      .get(Transactions)
      .run(tenant.id, (tx) => worker.get(ReadLedger).entries(tx, tenant.id, 0, 10_000));
    return all.flatMap(({ document }) => {
      const { data } = document;
      return document['kind'] === kind && isObject(data) ? [data] : [];
    });
  }

  async leaves(tenant: TestTenant): Promise<readonly JsonObject[]> {
    return this.entries(tenant, 'obligation.settled');
  }
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** `store/dataset` is how a dataset is named across stores; its location is `store.dataset`. */
function storeOf(dataset: string): string {
  return dataset.split('/')[0] ?? '';
}

function locationOf(dataset: string): string {
  return dataset.replace('/', '.');
}
