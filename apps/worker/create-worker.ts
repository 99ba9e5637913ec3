import type { INestApplicationContext } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { ProcessConfig } from '#platform/config';
import type { Log } from '#platform/telemetry';
import { WorkerModule } from './worker.module.js';

/** Builds and starts the worker; tests and main share it. */
export async function createWorker(config: ProcessConfig, log: Log): Promise<INestApplicationContext> {
  const app = await NestFactory.createApplicationContext(WorkerModule.with(config, log), {
    logger: log,
    abortOnError: false,
  });
  app.enableShutdownHooks(['SIGTERM', 'SIGINT']);
  return app;
}
