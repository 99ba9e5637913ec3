import { Module, type INestApplicationContext } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { AccessModule, ApiKeyRow, CreateTenant, TenantRow } from '#access';
import type { Connector } from '#connector-kit';
import { ConsentModule } from '#consent';
import { DependencyError, systemIds, tenantId, type Clock, type TenantId } from '#kernel';
import { LedgerModule, ledgerRows } from '#ledger';
import { CryptoModule } from '#platform/crypto';
import { DatabaseModule, Transactions } from '#platform/database';
import { OutboxModule } from '#platform/outbox';
import { BEATS, CLOCK, IDS, Regions, usualBeats, type Beats } from '#platform/runtime';
import { Log, TelemetryModule } from '#platform/telemetry';
import { ApplyPolicy, HoldRow, parsePolicy, PolicyModule, PolicyRow } from '#policy';
import { OpenStore, RegisterDataMap, StoreRow, StoresModule } from '#stores';
import { SubjectsModule } from '#subjects';
import { callerOf } from '#testing';
import { EnforcementModule } from '../enforcement.module.js';
import { Rest } from '../lanes/rest.js';
import { RescanRow } from '../rows/rescan.row.js';
import { dataMapOf, policy, type TestStores } from './data-map.js';
import { MemoryStore } from './memory-store.js';

/** Time stands still until the test moves it. */
export class TestClock implements Clock {
  private at = new Date('2026-06-15T12:00:00.000Z');

  now(): Date {
    return new Date(this.at);
  }

  advance(milliseconds: number): void {
    this.at = new Date(this.at.getTime() + milliseconds);
  }
}

/** The stores that the engine reaches, by id; one that is not here cannot be reached. */
class MemoryStores {
  readonly byId = new Map<string, MemoryStore>();

  async execute(_tenant: TenantId, store: { readonly id: string }): Promise<Connector> {
    await Promise.resolve();
    const known = this.byId.get(store.id);
    if (known === undefined) throw new DependencyError('unreachable', 'the store does not answer');
    return known;
  }
}

/** Who rests lets the test's time pass. */
class PassTime {
  constructor(private readonly clock: TestClock) {}

  async until(moment: Date | undefined): Promise<void> {
    await Promise.resolve();
    this.clock.advance(Math.max(0, (moment?.getTime() ?? 0) - this.clock.now().getTime()));
  }
}

/** A tenant with a policy and stores in memory. */
export interface TestTenant {
  readonly id: TenantId;
  /** By the store's name in the data map. */
  readonly stores: Readonly<Record<string, MemoryStore>>;
  readonly laneOf: (store: string) => string;
}

/** The engine as both processes wire it, over one database, without queue, HTTP or drivers. */
export interface Engine {
  readonly clock: TestClock;
  /** Under the role that sees one tenant at a time: people consent, ask, and register stores here. */
  readonly control: INestApplicationContext;
  /** Under the role that crosses tenants: work is planned and done here. */
  readonly worker: INestApplicationContext;
  tenant(stores: TestStores): Promise<TestTenant>;
  close(): Promise<void>;
}

export interface EngineOptions {
  readonly appUrl: string;
  readonly systemUrl: string;
  readonly folder: string;
  readonly beats?: Partial<Beats>;
  readonly regions?: readonly string[];
  /** What a test needs of the libraries above this one. */
  readonly modules?: readonly (new () => object)[];
  readonly rows?: readonly (new () => object)[];
}

@Module({})
class EngineRoot {}
@Module({})
class FixedRuntime {}

const masterKey = Buffer.alloc(32, 5);

export async function openEngine(options: EngineOptions): Promise<Engine> {
  const clock = new TestClock();
  const memory = new MemoryStores();
  const control = await open(options, options.appUrl, clock, memory);
  const worker = await open(options, options.systemUrl, clock, memory);
  return {
    clock,
    control,
    worker,
    tenant: (stores) => setUp(control, memory, clock.now(), stores),
    close: async () => {
      await worker.close();
      await control.close();
    },
  };
}

const usualRows = [TenantRow, ApiKeyRow, PolicyRow, HoldRow, StoreRow, RescanRow, ...ledgerRows];

function open(
  options: EngineOptions,
  url: string,
  clock: TestClock,
  memory: MemoryStores,
): Promise<INestApplicationContext> {
  const rows = [...usualRows, ...(options.rows ?? [])];
  const runtime = [
    { provide: CLOCK, useValue: clock },
    { provide: IDS, useValue: systemIds },
    { provide: BEATS, useValue: { ...usualBeats, ...options.beats } },
    { provide: Regions, useValue: new Regions(options.regions) },
  ];
  const root = {
    module: EngineRoot,
    imports: [
      { module: FixedRuntime, global: true, providers: runtime, exports: runtime },
      TelemetryModule.logging(Log.to('test', 'silent')),
      CryptoModule.withMasterKey(masterKey),
      DatabaseModule.forRole(url, rows, 8),
      OutboxModule,
      LedgerModule.publishing(options.folder),
      AccessModule,
      SubjectsModule,
      PolicyModule,
      ConsentModule,
      StoresModule,
      EnforcementModule,
      ...(options.modules ?? []),
    ],
  };
  return NestFactory.createApplicationContext(root, {
    logger: false,
    abortOnError: false,
    // The engine meets its stores, and time, here and nowhere else: everything but that is the real thing.
    instrument: {
      instanceDecorator: (instance) => {
        if (instance instanceof OpenStore) return memory;
        return instance instanceof Rest ? new PassTime(clock) : instance;
      },
    },
  });
}

async function setUp(
  control: INestApplicationContext,
  memory: MemoryStores,
  at: Date,
  given: TestStores,
): Promise<TestTenant> {
  const slug = `t-${systemIds.random()}`;
  const tenant = tenantId(systemIds.next());
  const wanted = { id: tenant, slug, name: slug, origin: undefined, at };
  await control.get(CreateTenant).execute(callerOf(null, 'operator'), wanted);
  const caller = callerOf(tenant);
  const applied = { policy: parsePolicy(policy), files: [], effectiveAt: null, planDigest: null };
  await control.get(Transactions).run(tenant, (tx) => control.get(ApplyPolicy).execute(tx, caller, applied));
  const registered = await control.get(RegisterDataMap).execute(caller, dataMapOf(given, tenant));
  const stores: Record<string, MemoryStore> = {};
  const lanes = new Map<string, string>();
  for (const { id, name, laneId, datasets } of registered) {
    const store = memory.byId.get(id) ?? new MemoryStore();
    for (const dataset of datasets) store.create(dataset);
    memory.byId.set(id, store);
    stores[name] = store;
    lanes.set(name, laneId);
  }
  return {
    id: tenant,
    stores,
    laneOf: (store) => {
      const lane = lanes.get(store);
      if (lane === undefined) throw new TypeError(`no store ${store}`);
      return lane;
    },
  };
}
