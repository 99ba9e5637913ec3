import { Injectable } from '@nestjs/common';
import { Any, type EntityManager } from 'typeorm';
import type { Filter } from '#access';
import { storeId, type StoreId, type TenantId } from '#kernel';
import { SweepRow, type SweepState } from './rows/sweep.row.js';

/** One retention rule applied to one dataset, once. */
export interface Sweep {
  readonly id: string;
  readonly runId: string;
  readonly rule: string;
  readonly policyVersion: number;
  readonly storeId: StoreId;
  readonly dataset: string;
  /** By which moment rows are judged: `collected`, or one that the dataset declares. */
  readonly moment: string;
  /** Only rows that list none but these; the empty list: that list nothing; null: all rows. */
  readonly onlyPurposes: readonly string[] | null;
  /** Signals from strictly before this are due. */
  readonly cutOff: Date;
  readonly dryRun: boolean;
  readonly state: SweepState;
  readonly expected: number | null;
  readonly effected: number | null;
  readonly error: string | null;
  /** The hold that keeps some of its rows, or all. */
  readonly holdId: string | null;
}

/** What becomes of a sweep. */
export type SweepProgress = Pick<Sweep, 'state' | 'expected' | 'effected' | 'error' | 'holdId'>;

@Injectable()
export class SweepsRepository {
  async insert(tx: EntityManager, tenant: TenantId, sweeps: readonly Sweep[], at: Date): Promise<void> {
    await tx.insert(
      SweepRow,
      sweeps.map(
        ({
          storeId: store,
          id,
          runId,
          rule,
          policyVersion,
          dataset,
          moment,
          onlyPurposes,
          cutOff,
          dryRun,
        }) => ({
          tenantId: tenant,
          id,
          runId,
          rule,
          policyVersion,
          storeId: store,
          dataset,
          moment,
          onlyPurposes,
          cutOff,
          dryRun,
          state: 'requested' as const,
          requestedAt: at,
        }),
      ),
    );
  }

  /** The sweeps of a run that the filter lets through. */
  async ofRun(
    tx: EntityManager,
    tenant: TenantId,
    visible: Filter,
    runId: string,
  ): Promise<readonly Sweep[]> {
    const store = '(select s.name from stores s where s.tenant_id = w.tenant_id and s.id = w.store_id)';
    const rows = await tx
      .createQueryBuilder(SweepRow, 'w')
      .where('w.tenantId = :tenant and w.runId = :runId', { tenant, runId })
      .andWhere(...visible.named({ tenant: 'w.tenantId', store }))
      .orderBy('w.id')
      .getMany();
    return rows.map(read);
  }

  async requested(tx: EntityManager, tenant: TenantId): Promise<readonly Sweep[]> {
    const rows = await tx.find(SweepRow, {
      where: { tenantId: tenant, state: 'requested' },
      order: { id: 'asc' },
      take: 100,
    });
    return rows.map(read);
  }

  async byIds(tx: EntityManager, tenant: TenantId, ids: readonly string[]): Promise<readonly Sweep[]> {
    return (await tx.findBy(SweepRow, { tenantId: tenant, id: Any([...ids]) })).map(read);
  }

  /** Moves a sweep on from the state it was read in; false when somebody else did. */
  async advance(
    tx: EntityManager,
    tenant: TenantId,
    sweep: Sweep,
    next: SweepProgress,
    finishedAt: Date | null,
  ): Promise<boolean> {
    const { state, expected, effected, error, holdId } = next;
    const result = await tx.update(
      SweepRow,
      { tenantId: tenant, id: sweep.id, state: sweep.state },
      { state, expected: text(expected), effected: text(effected), error, holdId, finishedAt },
    );
    return result.affected === 1;
  }

  async tenantsWithRequested(tx: EntityManager): Promise<readonly string[]> {
    const rows = await tx.query<{ tenant_id: string }[]>(
      `select distinct tenant_id from sweeps where state = 'requested'`,
    );
    return rows.map((row) => row.tenant_id);
  }
}

function text(count: number | null): string | null {
  return count === null ? null : String(count);
}

function number(count: string | null): number | null {
  return count === null ? null : Number(count);
}

function read(row: SweepRow): Sweep {
  const { id, runId, rule, policyVersion, dataset, moment, onlyPurposes, cutOff, dryRun, state } = row;
  const { error, holdId } = row;
  return {
    id,
    runId,
    rule,
    policyVersion,
    storeId: storeId(row.storeId),
    dataset,
    moment,
    onlyPurposes,
    cutOff,
    dryRun,
    state,
    expected: number(row.expected),
    effected: number(row.effected),
    error,
    holdId,
  };
}
