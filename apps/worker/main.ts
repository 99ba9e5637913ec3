import 'reflect-metadata';
import { loadProcessConfig } from '#platform/config';
import { reportReady } from '#platform/process';
import { Log } from '#platform/telemetry';
import { createWorker } from './create-worker.js';

const config = loadProcessConfig();
const log = Log.to('worker', config.logLevel);
const app = await createWorker(config, log);
log.info('working');
reportReady({}, () => app.close());
