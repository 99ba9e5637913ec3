import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import type { DataSource, EntityManager } from 'typeorm';
import type { TenantId } from '#kernel';

/**
 * Opens transactions. A use case owns its transaction and hands it to repositories; nothing slow happens inside one.
 * The tenant is set for row-level security and for this transaction only; `null` is for work that crosses tenants,
 * which only the system role can see anything with.
 */
@Injectable()
export class Transactions {
  private readonly afterwards = new WeakMap<EntityManager, (() => void)[]>();

  constructor(@InjectDataSource() private readonly dataSource: DataSource) {}

  async run<T>(tenant: TenantId | null, work: (tx: EntityManager) => Promise<T>): Promise<T> {
    let manager: EntityManager | undefined;
    const result = await this.dataSource.transaction(async (tx) => {
      manager = tx;
      if (tenant !== null) await tx.query("select set_config('app.tenant', $1, true)", [tenant]);
      return work(tx);
    });
    if (manager !== undefined) for (const call of this.afterwards.get(manager) ?? []) call();
    return result;
  }

  /** Calls once the transaction has committed, before whoever began it goes on; never when it is rolled back. Must not throw. */
  afterCommit(tx: EntityManager, call: () => void): void {
    const calls = this.afterwards.get(tx) ?? [];
    this.afterwards.set(tx, [...calls, call]);
  }

  /**
   * One unchanging view of a tenant, for as long as it is read (repeatable read, read only). Ends with the iteration,
   * whether that comes to its end or is given up; a reader who stops asking for a minute loses it.
   */
  async *snapshot<T>(
    tenant: TenantId,
    read: (tx: EntityManager) => AsyncIterable<T>,
  ): AsyncGenerator<T, void, undefined> {
    const runner = this.dataSource.createQueryRunner();
    try {
      await runner.startTransaction('REPEATABLE READ');
      await runner.query('set transaction read only');
      await runner.query("set local idle_in_transaction_session_timeout = '60s'");
      await runner.query("select set_config('app.tenant', $1, true)", [tenant]);
      yield* read(runner.manager);
    } finally {
      try {
        if (runner.isTransactionActive) await runner.rollbackTransaction();
      } finally {
        await runner.release();
      }
    }
  }
}
