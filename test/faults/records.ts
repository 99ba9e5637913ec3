import type { Rig } from './rig/rig.js';

/** What Lethe itself has written down about one tenant, read from its database by the owner. */
export interface Records {
  readonly requests: readonly RequestRecord[];
  readonly obligations: readonly ObligationRecord[];
  readonly causes: readonly { readonly id: string; readonly kind: string; readonly open: number }[];
  readonly rescans: readonly RescanRecord[];
  readonly sweeps: readonly SweepRecord[];
  readonly consents: readonly ConsentRecord[];
  /** One for each receipt that was issued. */
  readonly receipts: readonly { readonly request: string }[];
  readonly holds: readonly { readonly id: string; readonly lifted: boolean }[];
  /** The entries of the log in their order, as they are hashed. */
  readonly entries: readonly Buffer[];
  /** Subjects of whom Lethe keeps an identifier, a consent, or a key for a store. */
  readonly remembered: readonly { readonly ref: string; readonly what: string }[];
  readonly suppressed: ReadonlySet<string>;
}

export interface RequestRecord {
  readonly id: string;
  readonly ref: string;
  readonly state: string;
  readonly asOf: Date;
}

export interface ObligationRecord {
  readonly id: string;
  /** `store/dataset`. */
  readonly dataset: string;
  readonly cause: string;
  readonly causeId: string;
  readonly ref: string | null;
  readonly onlyPurposes: readonly string[] | null;
  readonly cutOff: Date | null;
  readonly asOf: Date;
  readonly outcome: string | null;
  readonly rows: number;
  readonly exact: boolean;
  readonly error: string | null;
  readonly attempts: number;
  readonly hasKey: boolean;
  readonly plannedAt: Date;
  readonly settledAt: Date | null;
  /** The obligation that it continues. */
  readonly succeeds: string | null;
  /** What the second read-back found. */
  readonly readBack: string | null;
}

export interface RescanRecord {
  readonly id: string;
  readonly store: string;
  readonly state: string;
  readonly requestedAt: Date;
  readonly finishedAt: Date | null;
}

export interface SweepRecord {
  readonly id: string;
  readonly runId: string;
  readonly requestedAt: Date;
  readonly dataset: string;
  readonly cutOff: Date;
  readonly state: string;
}

export interface ConsentRecord {
  readonly number: number;
  readonly ref: string;
  readonly purpose: string;
  readonly action: string;
  readonly at: Date;
}

export async function readRecords(rig: Rig, tenant: string): Promise<Records> {
  const of = <Row extends object>(text: string) => rig.look<Row>(text, [tenant]);
  const suppressed = await of<{ ref: string }>(
    'select distinct subject_ref as ref from suppressions where tenant_id = $1',
  );
  const entries = await of<{ entry: Buffer }>(
    'select entry from ledger_entries where tenant_id = $1 order by number',
  );
  return {
    requests: await of(
      'select id, subject_ref as ref, state, as_of as "asOf" from requests where tenant_id = $1 order by as_of',
    ),
    obligations: await of(
      `select o.id, s.name || '/' || o.dataset as dataset, cause_kind as cause, cause_id as "causeId", subject_ref as ref,
              only_purposes as "onlyPurposes", cut_off as "cutOff", as_of as "asOf", outcome, rows::int, exact, error, attempts,
              sealed_key is not null as "hasKey", planned_at as "plannedAt", settled_at as "settledAt",
              succeeds, read_back as "readBack"
         from obligations o join stores s on s.tenant_id = o.tenant_id and s.id = o.store_id where o.tenant_id = $1`,
    ),
    causes: await of('select id, kind, open from causes where tenant_id = $1'),
    rescans: await of(
      `select r.id, s.name as store, r.state, requested_at as "requestedAt", finished_at as "finishedAt"
         from rescans r join stores s on s.tenant_id = r.tenant_id and s.id = r.store_id where r.tenant_id = $1`,
    ),
    sweeps: await of(
      `select w.id, run_id as "runId", requested_at as "requestedAt", s.name || '/' || w.dataset as dataset, cut_off as "cutOff", w.state
         from sweeps w join stores s on s.tenant_id = w.tenant_id and s.id = w.store_id where w.tenant_id = $1`,
    ),
    consents: await of(
      'select number::int, subject_ref as ref, purpose, action, at from consent_events where tenant_id = $1 order by number',
    ),
    receipts: await of('select request_id as request from receipts where tenant_id = $1'),
    holds: await of('select id, lifted_at is not null as lifted from holds where tenant_id = $1'),
    entries: entries.map(({ entry }) => entry),
    remembered: await of(
      `select subject_ref as ref, 'an identifier' as what from subject_identifiers where tenant_id = $1
        union all select subject_ref, 'a consent' from consent_states where tenant_id = $1
        union all select subject_ref, 'a key for a store' from obligations where tenant_id = $1 and sealed_key is not null and subject_ref is not null`,
    ),
    suppressed: new Set(suppressed.map(({ ref }) => ref)),
  };
}

/** What is not settled yet, in words; empty when everything is. */
export async function unsettled(rig: Rig, tenant: string): Promise<readonly string[]> {
  const rows = await rig.look<{ what: string }>(
    `select 'obligation ' || id || ' of ' || dataset || ' (' || cause_kind || ', attempts ' || attempts || ', due ' || coalesce(due_at::text, 'never')
            || ', ' || coalesce(error, 'no error') || ', awaits ' || awaits::text || ')' as what from obligations where tenant_id = $1 and settled_at is null
      union all select 'request ' || id || ' ' || state from requests where tenant_id = $1 and state in ('received', 'running')
      union all select 'cause ' || id || ' ' || kind from causes where tenant_id = $1 and kind in ('request', 'sweep') and closed_at is null
      union all select 'rescan ' || id from rescans where tenant_id = $1 and state = 'requested'
      union all select 'sweep ' || id from sweeps where tenant_id = $1 and state in ('requested', 'running')
      union all select 'withdrawal ' || number from consent_events where tenant_id = $1 and planned_at is null and action not in ('grant', 'renew')
      union all select 'entries after ' || t.published || ' of ' || c.revision
                  from ledger_counters c join ledger_trees t using (tenant_id) where tenant_id = $1 and c.revision > t.published
      union all select 'compaction of ' || name from stores where tenant_id = $1 and compaction_due_at <= now()
      union all select 'bell ' || kind from outbox`,
    [tenant],
  );
  return rows.map(({ what }) => what);
}

/** What is to be done at a later hour, in words: second read-backs and compactions. */
export async function postponed(rig: Rig, tenant: string): Promise<readonly string[]> {
  const rows = await rig.look<{ what: string }>(
    `select 'the second read-back of obligation ' || id || ' of ' || dataset || ' (tries ' || read_back_tries || ')' as what
       from obligations where tenant_id = $1 and read_back_due_at is not null
      union all select 'the later compaction of ' || name from stores where tenant_id = $1 and compaction_due_at is not null`,
    [tenant],
  );
  return rows.map(({ what }) => what);
}

/** The datasets that obligations are about. */
export async function datasetsOf(rig: Rig, obligations: readonly string[]): Promise<ReadonlySet<string>> {
  const rows = await rig.look<{ dataset: string }>(
    `select distinct s.name || '/' || o.dataset as dataset
       from obligations o join stores s on s.tenant_id = o.tenant_id and s.id = o.store_id where o.id = any($1::uuid[])`,
    [obligations],
  );
  return new Set(rows.map(({ dataset }) => dataset));
}
