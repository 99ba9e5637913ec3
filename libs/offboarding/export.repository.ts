import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import type { TenantId } from '#kernel';
import type { ExportedTable } from './domain/exported-tables.js';

/** A row as JSON text, without what is opened or stays here. */
export interface ExportedRow {
  readonly row: string;
  readonly type: string | null;
  readonly bytes: Buffer | null;
}

/** Rows fetched at a time. Policies and receipts may have a megabyte each. */
const pageSize = 100;

/** Reads any table of a tenant whole, a page at a time. Names of tables and columns are our own, never a caller's. */
@Injectable()
export class ExportRepository {
  async *rows(tx: EntityManager, tenant: TenantId, exported: ExportedTable): AsyncGenerator<ExportedRow> {
    const { table, order, without, opens } = exported;
    const left = [...Object.keys(without ?? {}), ...(opens === undefined ? [] : [opens])];
    const type = opens === 'sealed' ? 't.type' : 'null';
    const bytes = opens === undefined ? 'null' : `t.${opens}`;
    const by = order.length === 0 ? '' : `order by ${order.map((column) => `t.${column}`).join(', ')}`;
    await tx.query("set local timezone = 'UTC'");
    await tx.query(
      `declare exported no scroll cursor for
       select (to_jsonb(t) - $2::text[])::text as row, ${type} as type, ${bytes} as bytes
         from ${table} t where t.tenant_id = $1 ${by}`,
      [tenant, left],
    );
    for (;;) {
      const page = await tx.query<ExportedRow[]>(`fetch ${pageSize} from exported`);
      yield* page;
      if (page.length < pageSize) break;
    }
    await tx.query('close exported');
  }
}
