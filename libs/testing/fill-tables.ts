import { randomUUID } from 'node:crypto';
import type { Client } from 'pg';

interface Column {
  readonly table: string;
  readonly name: string;
  readonly type: string;
  readonly array: boolean;
}

/** One row of each table of a tenant, made by the owner without the rules (constraints of other tables are off). */
export async function fillTables(owner: Client, tables: readonly string[], tenant: string): Promise<void> {
  await owner.query("set session_replication_role = 'replica'");
  for (const table of tables) {
    const { rows } = await owner.query<Column>(
      `select table_name as table, column_name as name, data_type as type, data_type = 'ARRAY' as array
         from information_schema.columns
        where table_schema = 'public' and table_name = $1 
          and ((is_nullable = 'NO' and column_default is null) or column_name in ('tenant_id', 'cut_off', 'identifier_type', 'ended_at', 'parts'))`,
      [table],
    );
    const values = rows.map(({ name, type, array }) => valueOf(table, name, array ? 'ARRAY' : type, tenant));
    const places = values.map((_, index) => `$${index + 1}`).join(', ');
    await owner.query(
      `insert into ${table} (${rows.map(({ name }) => name).join(', ')}) values (${places})`,
      values,
    );
  }
  await owner.query('reset session_replication_role');
}

/** Words that checks ask for; the check constraints stay on. */
const words: Readonly<Record<string, string>> = {
  'api_keys.role': 'service',
  'break_glass.role': 'auditor',
  'causes.kind': 'request',
  'consent_events.action': 'grant',
  'holds.basis': 'legal_claims',
  'issuers.kind': 'host',
  'obligations.action': 'purge',
  'obligations.cause_kind': 'sweep',
  'policy_plans.state': 'counting',
  'request_previews.state': 'counted',
  'requests.kind': 'deletion',
  'requests.state': 'received',
  'rescans.state': 'requested',
  'stores.state': 'ready',
  'sweeps.state': 'requested',
};

function valueOf(table: string, column: string, type: string, tenant: string): unknown {
  if (column === 'tenant_id') return tenant;
  switch (type) {
    case 'uuid':
      return randomUUID();
    case 'text':
      return words[`${table}.${column}`] ?? `${column} of ${tenant}`;
    case 'bytea':
      return Buffer.from(tenant);
    case 'timestamp with time zone':
      return new Date();
    case 'jsonb':
      return '{}';
    case 'ARRAY':
      return [];
    case 'boolean':
      return false;
    default:
      return 1;
  }
}
