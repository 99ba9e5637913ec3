import 'reflect-metadata';
import { loadProcessConfig } from '#platform/config';
import { reportReady } from '#platform/process';
import { Log, Metrics, serveMetrics } from '#platform/telemetry';
import { createWorker } from './create-worker.js';

const config = loadProcessConfig();
const log = Log.to('worker', config.logLevel);
const app = await createWorker(config, log);
const metrics = await serveMetrics(app.get(Metrics), config.host, config.metricsPort);
log.info('working', { metrics: metrics.url });
reportReady({ url: metrics.url }, async () => {
  await metrics.close();
  await app.close();
});
