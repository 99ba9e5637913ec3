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
  constructor(@InjectDataSource() private readonly dataSource: DataSource) {}

  async run<T>(tenant: TenantId | null, work: (tx: EntityManager) => Promise<T>): Promise<T> {
    return this.dataSource.transaction(async (tx) => {
      if (tenant !== null) await tx.query("select set_config('app.tenant', $1, true)", [tenant]);
      return work(tx);
    });
  }
}
