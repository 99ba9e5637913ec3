import 'reflect-metadata';
import { loadProcessConfig } from '#platform/config';
import { reportReady } from '#platform/process';
import { Log } from '#platform/telemetry';
import { createApi } from './create-api.js';

const config = loadProcessConfig();
const log = Log.to('api', config.logLevel);
const app = await createApi(config, log);
await app.listen({ port: config.port, host: config.host });
const url = await app.getUrl();
log.info('listening', { url });
reportReady({ url }, () => app.close());
