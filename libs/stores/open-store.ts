import { createHash } from 'node:crypto';
import { Injectable, type OnModuleDestroy } from '@nestjs/common';
import { loadConnector, type Connector } from '#connector-kit';
import { DependencyError, type JsonObject, type TenantId } from '#kernel';
import { Sealer } from '#platform/crypto';
import { Transactions } from '#platform/database';
import type { RegisteredStore } from './domain/registered-store.js';
import { StoresRepository } from './stores.repository.js';

interface Opened {
  readonly settingsDigest: string;
  readonly connector: Promise<Connector>;
}

/** Connects to registered stores and keeps the connections; only a worker does, because this loads drivers. */
@Injectable()
export class OpenStore implements OnModuleDestroy {
  private readonly opened = new Map<string, Opened>();

  constructor(
    private readonly transactions: Transactions,
    private readonly repository: StoresRepository,
    private readonly sealer: Sealer,
  ) {}

  /** Throws DependencyError when the store cannot be reached; the next call tries again. */
  async execute(tenant: TenantId, store: Pick<RegisteredStore, 'id' | 'type'>): Promise<Connector> {
    const sealed = await this.transactions.run(tenant, (tx) =>
      this.repository.sealedSettings(tx, tenant, store.id),
    );
    if (sealed === undefined) {
      await this.close(store.id);
      throw new DependencyError('invalid_config', 'the store is no longer registered');
    }
    const settingsDigest = createHash('sha256').update(sealed).digest('hex');
    const known = this.opened.get(store.id);
    if (known?.settingsDigest === settingsDigest) return known.connector;
    await this.close(store.id);
    const connector = this.connect(tenant, store, sealed);
    this.opened.set(store.id, { settingsDigest, connector });
    connector.catch(() => this.opened.delete(store.id));
    return connector;
  }

  async onModuleDestroy(): Promise<void> {
    await Promise.all([...this.opened.keys()].map((id) => this.close(id)));
  }

  private async connect(
    tenant: TenantId,
    store: Pick<RegisteredStore, 'id' | 'type'>,
    sealed: Buffer,
  ): Promise<Connector> {
    const settings = readSettings(this.sealer.open(sealed, settingsContext(tenant, store.id)));
    const connect = await loadConnector(store.type);
    return connect(settings);
  }

  private async close(id: string): Promise<void> {
    const known = this.opened.get(id);
    this.opened.delete(id);
    const connector = await known?.connector.catch(() => undefined);
    await connector?.close();
  }
}

/** What a store's sealed settings are bound to. */
export function settingsContext(tenant: TenantId, storeId: string): string {
  return `store-settings/${tenant}/${storeId}`;
}

function readSettings(bytes: Buffer): JsonObject {
  const value: unknown = JSON.parse(bytes.toString('utf8'));
  if (!isJsonObject(value))
    throw new DependencyError('invalid_config', 'the settings of the store cannot be read');
  return value;
}

function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
