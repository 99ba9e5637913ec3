import { DataSource, type EntityManager } from 'typeorm';
import type { TenantId } from '#kernel';
import { Transactions } from '#platform/database';
import { ReadRequests, RequestRow } from '#requests';
import { alternate, compare, Series, timeAnswers, type AreaOptions, type Row } from '../harness.js';
import type { World } from './world.js';

const pageSize = 100;

/** A page of 100 requests as the API reads it, against the same statement of the owner's without a filter. */
export async function benchLists(world: World, { pace, say }: AreaOptions): Promise<readonly Row[]> {
  say('Lists…');
  const { administrator, id } = world.tenant;
  const owners = await new DataSource({
    type: 'postgres',
    url: world.database.ownerUrl,
    entities: [RequestRow],
  }).initialize();
  const transactions = new Transactions(owners);
  const read = world.api.get(ReadRequests, { strict: false });
  const timed = (call: () => Promise<readonly unknown[]>) =>
    new Series(() => timeAnswers(() => full(call()), pace.callMilliseconds));
  const series = {
    ours: timed(() => read.page(administrator, { limit: pageSize })),
    inTransaction: timed(() => transactions.run(id, (tx) => bare(tx, id))),
    alone: timed(() => bare(owners.manager, id)),
  };
  try {
    await alternate(Object.values(series), pace);
  } finally {
    await owners.destroy();
  }
  const micros = (nanoseconds: number) => nanoseconds / 1e3;
  const ours = series.ours.of(micros);
  const unit = 'µs';
  return [
    compare(
      { name: 'list of 100', unit, note: 'floor: the owner, no filter, in a transaction too' },
      ours,
      series.inTransaction.of(micros),
    ),
    compare(
      {
        name: 'list of 100, with its transaction',
        unit,
        note: 'floor: the owner, no filter, no transaction',
      },
      ours,
      series.alone.of(micros),
    ),
  ];
}

function bare(tx: EntityManager, id: TenantId): Promise<readonly RequestRow[]> {
  return tx
    .createQueryBuilder(RequestRow, 'r')
    .where('r.tenantId = :id', { id })
    .orderBy('r.id')
    .take(pageSize)
    .getMany();
}

async function full(page: Promise<readonly unknown[]>): Promise<readonly unknown[]> {
  const rows = await page;
  if (rows.length !== pageSize) throw new Error(`a page has ${rows.length} rows`);
  return rows;
}
