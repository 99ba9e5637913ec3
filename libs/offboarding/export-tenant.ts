import { createHash } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import type { Caller } from '#access';
import { formatRevision } from '#consent';
import type { Clock, TenantId } from '#kernel';
import { AppendEntries, ReadLedger } from '#ledger';
import { Transactions } from '#platform/database';
import { CLOCK } from '#platform/runtime';
import { ResolveSubjects } from '#subjects';
import { notOffboarding } from './cancel-offboarding.js';
import { endLine, manifestLine, rowLine } from './domain/export-lines.js';
import { exportedTables } from './domain/exported-tables.js';
import { ExportRepository, type ExportedRow } from './export.repository.js';
import { OffboardingRepository } from './offboarding.repository.js';

/** What is known of an export once its rows have been read. */
interface Extent {
  rows: number;
  /** The number of the last ledger entry in it. */
  revision: number;
}

/** Everything that Lethe holds of a tenant, as lines, from one snapshot. */
@Injectable()
export class ReadEverything {
  constructor(
    private readonly repository: OffboardingRepository,
    private readonly exports: ExportRepository,
    private readonly resolve: ResolveSubjects,
    private readonly ledger: ReadLedger,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  async *execute(tx: EntityManager, tenant: TenantId, extent: Extent): AsyncGenerator<string> {
    const { state, slug, name, createdAt } = await this.repository.read(tx, tenant);
    if (state !== 'offboarding') throw notOffboarding();
    const { revision, epoch } = await this.ledger.revision(tx, tenant);
    extent.revision = revision;
    yield manifestLine({
      tenant: { id: tenant, slug, name },
      createdAt,
      exportedAt: this.clock.now(),
      revision: formatRevision({ epoch, number: revision }),
    });
    for (const exported of exportedTables) {
      for await (const row of this.exports.rows(tx, tenant, exported)) {
        extent.rows += 1;
        yield rowLine(exported.table, row.row, this.opened(tenant, row));
      }
    }
  }

  /** An identifier's value, or an entry exactly as its leaf hash covers it. */
  private opened(tenant: TenantId, { type, bytes }: ExportedRow): readonly [string, string] | undefined {
    if (bytes === null) return undefined;
    if (type === null) return ['entry', bytes.toString('utf8')];
    return ['value', JSON.stringify(this.resolve.open(tenant, type, bytes))];
  }
}

/** Hands a tenant that is leaving everything that Lethe holds of it, and remembers what it was given. */
@Injectable()
export class ExportTenant {
  constructor(
    private readonly transactions: Transactions,
    private readonly readEverything: ReadEverything,
    private readonly repository: OffboardingRepository,
    private readonly appendEntries: AppendEntries,
  ) {}

  /**
   * Lines of NDJSON without their newlines: a manifest, one for each row, and a last one with count and digest. Holds one
   * page in memory. Whoever has the last line has it all, and only then is the export on record. Throws DomainError
   * conflict `tenant.not_offboarding`, at the first line or, when the leaving was cancelled meanwhile, before the last.
   */
  async *execute(caller: Caller): AsyncGenerator<string, void, undefined> {
    caller.must('delete', 'Tenant', {});
    const { tenant } = caller;
    const extent: Extent = { rows: 0, revision: 0 };
    const hash = createHash('sha256');
    const read = (tx: EntityManager) => this.readEverything.execute(tx, tenant, extent);
    for await (const line of this.transactions.snapshot(tenant, read)) {
      hash.update(`${line}\n`, 'utf8');
      yield line;
    }
    const digest = hash.digest('hex');
    await this.record(tenant, digest, extent);
    yield endLine(extent.rows, digest);
  }

  private async record(tenant: TenantId, digest: string, { rows, revision }: Extent): Promise<void> {
    await this.transactions.run(tenant, async (tx) => {
      const { state } = await this.repository.lock(tx, tenant);
      if (state !== 'offboarding') throw notOffboarding();
      await this.repository.recordExport(tx, tenant, { digest, revision });
      await this.appendEntries.execute(tx, tenant, [{ kind: 'tenant.exported', data: { digest, rows } }]);
    });
  }
}
