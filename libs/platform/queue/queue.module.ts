import { BullModule, type BullRootModuleOptions } from '@nestjs/bullmq';
import { Global, Module, type DynamicModule } from '@nestjs/common';
import { createPostgresBackend, setDefaultBackendFactory } from 'bullmq';
import { queues } from './job.js';
import { Queues } from './queues.js';

/** Where the bells live: BullMQ's own schema in PostgreSQL, or a Redis (or Valkey) of one's own. */
export type QueueBackend =
  | { readonly kind: 'postgres'; readonly url: string }
  | { readonly kind: 'redis'; readonly url: string; readonly prefix: string };

/** Jobs repeat and vanish freely (their rows own the truth), so finished ones are not kept. */
const jobOptions = { removeOnComplete: true, removeOnFail: 100, attempts: 1 } as const;

@Global()
@Module({})
export class QueueModule {
  static on(backend: QueueBackend): DynamicModule {
    return {
      module: QueueModule,
      imports: [
        BullModule.forRoot(rootOptions(backend)),
        BullModule.registerQueue(...queues.map((name) => ({ name }))),
      ],
      providers: [Queues],
      exports: [Queues, BullModule],
    };
  }
}

function rootOptions(backend: QueueBackend): BullRootModuleOptions {
  if (backend.kind === 'redis') {
    // BullMQ's own default; said because the choice is the process's.
    setDefaultBackendFactory();
    return {
      connection: { url: backend.url, maxRetriesPerRequest: null },
      prefix: backend.prefix,
      defaultJobOptions: jobOptions,
    };
  }
  setDefaultBackendFactory(createPostgresBackend);
  const connection = { connectionString: backend.url, schema: 'bullmq', migrate: true, max: 3 };
  return { connection, defaultJobOptions: jobOptions };
}
