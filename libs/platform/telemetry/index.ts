export { Log } from './log.js';
export { Metrics } from './metrics.js';
export { TelemetryModule } from './telemetry.module.js';
