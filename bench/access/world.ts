import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { ProcessConfig } from '#platform/config';
import type { BenchDatabase } from '../database.js';
import type { BenchTenant } from './tenant.js';

/** What the measurements of this area share. */
export interface World {
  /** Not listening: for its use cases. */
  readonly api: NestFastifyApplication;
  readonly config: ProcessConfig;
  readonly database: BenchDatabase;
  readonly tenant: BenchTenant;
}
