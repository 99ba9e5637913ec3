import 'reflect-metadata';
import { Command } from 'commander';
import { loadProcessConfig } from '#platform/config';
import { reportReady } from '#platform/process';
import { Log, Metrics, serveMetrics } from '#platform/telemetry';
import { createWorker } from './create-worker.js';

const { regions } = new Command('worker')
  .description('work off what is due in the stores')
  .option('--regions <names>', 'serve only the stores of these regions, with commas between them')
  .parse()
  .opts<{ regions?: string }>();
const config = loadProcessConfig(undefined, regions === undefined ? {} : { LETHE_REGIONS: regions });
const log = Log.to('worker', config.logLevel);
const app = await createWorker(config, log);
const metrics = await serveMetrics(app.get(Metrics), config.host, config.metricsPort);
log.info('working', { metrics: metrics.url });
reportReady({ url: metrics.url }, async () => {
  await metrics.close();
  await app.close();
});
