import { createHash } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import type { Caller } from '#access';
import { loadManifests, parseDataMap, type Manifest, type MappedStore } from '#connector-kit';
import { storeId, type Clock, type IdSource, type TenantId } from '#kernel';
import { AppendEntries } from '#ledger';
import { Sealer } from '#platform/crypto';
import { Transactions } from '#platform/database';
import { Outbox } from '#platform/outbox';
import { CLOCK, IDS } from '#platform/runtime';
import type { RegisteredStore } from './domain/registered-store.js';
import { checkStoresJob } from './jobs.js';
import { settingsContext } from './open-store.js';
import { visibleTo } from './read-stores.js';
import { RequireCoverage } from './require-coverage.js';
import { StoresRepository } from './stores.repository.js';

/** Reads a data map and writes what it says, settings sealed. A store that the map leaves out stays as it was. */
@Injectable()
export class WriteStores {
  constructor(
    private readonly repository: StoresRepository,
    private readonly sealer: Sealer,
    private readonly outbox: Outbox,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(IDS) private readonly ids: IdSource,
  ) {}

  async execute(
    tx: EntityManager,
    tenant: TenantId,
    stores: readonly MappedStore[],
    manifests: ReadonlyMap<string, Manifest>,
  ): Promise<void> {
    const known = new Map((await this.repository.all(tx, tenant)).map((store) => [store.name, store.id]));
    for (const store of stores) {
      const manifest = manifests.get(store.type);
      if (manifest === undefined) throw new TypeError('a parsed data map names an unknown connector');
      const id = known.get(store.name) ?? storeId(this.ids.next());
      const endpoint = manifest.endpoint(store.settings);
      const laneId = await this.repository.lane(tx, this.ids.next(), {
        type: store.type,
        endpoint,
        region: store.region,
      });
      const sealedSettings = this.sealer.seal(
        Buffer.from(JSON.stringify(store.settings), 'utf8'),
        settingsContext(tenant, id),
      );
      const { name, type, region, datasets } = store;
      const backupHorizon = store.backupHorizon ?? null;
      await this.repository.upsert(
        tx,
        tenant,
        { id, name, type, laneId, region, level: manifest.level, backupHorizon, datasets, sealedSettings },
        this.clock.now(),
      );
    }
    await this.outbox.add(tx, [checkStoresJob.bell({ tenantId: tenant })]);
  }
}

/** Registers the stores of a data map; a worker then checks each against the real thing. */
@Injectable()
export class RegisterDataMap {
  constructor(
    private readonly transactions: Transactions,
    private readonly repository: StoresRepository,
    private readonly writeStores: WriteStores,
    private readonly requireCoverage: RequireCoverage,
    private readonly appendEntries: AppendEntries,
  ) {}

  /**
   * Throws DomainError invalid `data_map.invalid`, or conflict `data_map.uncovered`, with the path of every fault; then
   * nothing was written.
   */
  async execute(caller: Caller, text: string): Promise<readonly RegisteredStore[]> {
    const manifests = await loadManifests();
    const map = parseDataMap(text, manifests);
    for (const { name, region } of map.stores) caller.must('update', 'Store', { store: name, region });
    const { tenant } = caller;
    const digest = createHash('sha256').update(text, 'utf8').digest('base64');
    return this.transactions.run(tenant, async (tx) => {
      await this.requireCoverage.lock(tx, tenant);
      await this.writeStores.execute(tx, tenant, map.stores, manifests);
      await this.requireCoverage.execute(tx, tenant);
      const entries = map.stores.map(({ name, type }) => ({
        kind: 'store.registered' as const,
        data: { store: name, type, dataMapDigest: digest },
      }));
      await this.appendEntries.execute(tx, tenant, entries);
      return visibleTo(caller, await this.repository.all(tx, tenant));
    });
  }
}
