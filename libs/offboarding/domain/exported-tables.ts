/** One table as an export has it. */
export interface ExportedTable {
  readonly table: string;
  /** Its key within the tenant: the order of its rows. */
  readonly order: readonly string[];
  /** Columns that stay here, each with its reason. */
  readonly without?: Readonly<Record<string, string>>;
  /** The column that is opened: an identifier's sealed value, or an entry's bytes. */
  readonly opens?: 'sealed' | 'entry';
}

/**
 * Every table that has rows of a tenant, in the order of the export. A row has all of its columns, so a column that is
 * added to one of these is exported as well.
 */
export const exportedTables: readonly ExportedTable[] = [
  {
    table: 'api_keys',
    order: ['id'],
    without: { secret_hash: 'what a key is checked by is no data of the tenant' },
  },
  { table: 'issuers', order: ['id'] },
  { table: 'break_glass', order: ['id'] },
  { table: 'policies', order: ['version'] },
  { table: 'policy_plans', order: ['id'] },
  {
    table: 'stores',
    order: ['id'],
    without: { sealed_settings: 'holds the credentials of the store, which the tenant gave and has' },
  },
  { table: 'rescans', order: ['id'] },
  { table: 'store_controls', order: ['store_id'] },
  { table: 'holds', order: ['id'] },
  { table: 'subjects', order: ['ref'] },
  { table: 'subject_identifiers', order: ['type', 'hash'], opens: 'sealed' },
  { table: 'suppressions', order: ['type', 'hash'] },
  { table: 'disclosures', order: ['id'] },
  { table: 'guardianships', order: ['subject_ref', 'guardian_ref'] },
  { table: 'consent_events', order: ['number'] },
  { table: 'consent_states', order: ['subject_ref', 'purpose'] },
  { table: 'requests', order: ['id'] },
  { table: 'receipts', order: ['request_id', 'number'] },
  { table: 'sweeps', order: ['id'] },
  { table: 'causes', order: ['id'] },
  {
    table: 'obligations',
    order: ['id'],
    without: { sealed_key: 'a copy of identifiers that are exported, for the work that is open' },
  },
  { table: 'ledger_counters', order: [] },
  {
    table: 'ledger_trees',
    order: [],
    without: { sealed_key: 'whoever has it could sign in the name of this log' },
  },
  { table: 'ledger_entries', order: ['number'], opens: 'entry' },
  { table: 'ledger_openings', order: ['number'] },
];

/** The tables of a tenant that no export has, each with its reason. */
export const notExported: Readonly<Record<string, string>> = {
  hold_identifiers:
    'copies of identifiers, by which an active hold knows people; who leaves has none that is active',
  request_previews: 'what somebody asked within a day, with nobody named; what was filed is exported',
  idempotency_keys: 'what writes were answered a few days ago; the writes themselves are exported',
};
