import { LedgerCounterRow } from './rows/ledger-counter.row.js';
import { LedgerEntryRow } from './rows/ledger-entry.row.js';
import { LedgerOpeningRow } from './rows/ledger-opening.row.js';
import { LedgerTreeRow } from './rows/ledger-tree.row.js';

export { AppendEntries } from './append-entries.js';
export { Conceal } from './conceal.js';
export { CreateLog } from './create-log.js';
export { EndLog, isLogClosed } from './end-log.js';
export { readLines, verifyFile, type VerificationReport } from './domain/verify-file.js';
export { ExportLog } from './export-log.js';
export { IntegrateEntries } from './integrate-entries.js';
export { HeardChanges, type Change } from './heard-changes.js';
export { integrateLedgerJob } from './jobs.js';
export { LedgerModule } from './ledger.module.js';
export type { DraftedEntries } from './ledger.repository.js';
export { ReadLedger } from './read-ledger.js';

/** The row classes of this library, for the data source. */
export const ledgerRows = [LedgerCounterRow, LedgerEntryRow, LedgerOpeningRow, LedgerTreeRow] as const;
