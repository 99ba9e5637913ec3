import type { JsonObject } from '#kernel';
import type { TestStores } from './data-map.js';
import type { TestTenant } from './open-engine.js';
import type { Stage } from './stage.js';

type Row = Readonly<Record<string, unknown>>;

const stores: TestStores = { rows: { lane: 'a', datasets: { clicks: {}, mails: {} } } };
export const day = 86_400_000;

/** The library above, which this one does not know. */
export interface Requests {
  /** Files and plans the deletion of people; answers the requests in their order. */
  file(tenant: TestTenant, people: readonly string[]): Promise<readonly string[]>;
  settle(tenant: TestTenant): Promise<void>;
}

/** People who were erased on request, and what became of their requests afterwards. */
export class ErasedPeople {
  constructor(
    private readonly stage: Stage,
    private readonly requests: Requests,
  ) {}

  /** A tenant that has erased these people everywhere, once. */
  async erased(people: readonly string[], given = stores) {
    const tenant = await this.stage.engine.tenant(given);
    for (const [store, { datasets }] of Object.entries(given))
      for (const dataset of Object.keys(datasets))
        this.stage.fill(tenant, `${store}/${dataset}`, [...people, 'stays']);
    const asOf = this.stage.engine.clock.now();
    const [request = ''] = await this.requests.file(tenant, people);
    await this.work(tenant, ...Object.keys(given));
    return { tenant, asOf, request };
  }

  /** What the bells of a system would have done. */
  async work(tenant: TestTenant, ...names: readonly string[]): Promise<void> {
    for (const name of names.length === 0 ? ['rows'] : names) await this.stage.run(tenant, name);
    await this.requests.settle(tenant);
  }

  /** Lets the quiet period pass. */
  async aDayLater(tenant: TestTenant, ...names: readonly string[]): Promise<void> {
    this.stage.engine.clock.advance(day);
    await this.work(tenant, ...names);
  }

  /** The obligations of a tenant as the database holds them. */
  async rowsOf(tenant: TestTenant): Promise<readonly Row[]> {
    return this.stage.owner('select * from obligations where tenant_id = $1 order by id', [tenant.id]);
  }

  async requestOf(id: string): Promise<Row | undefined> {
    return (await this.stage.owner('select state, settled_at from requests where id = $1', [id]))[0];
  }

  async receiptsOf(id: string): Promise<readonly JsonObject[]> {
    const receipts = await this.stage.owner<{ document: JsonObject }>(
      'select document from receipts where request_id = $1 order by number',
      [id],
    );
    return receipts.map(({ document }) => document);
  }

  async readBacks(tenant: TestTenant): Promise<readonly JsonObject[]> {
    return this.stage.entries(tenant, 'obligation.read_back');
  }
}

/** Some members of each part of a receipt, sorted. */
export function partsOf(document: JsonObject | undefined, ...members: readonly string[]) {
  const parts = document?.['parts'];
  if (!Array.isArray(parts)) throw new TypeError('a receipt has parts');
  return parts.map((part: JsonObject) => members.map((member) => part[member])).toSorted();
}
