export { Log } from './log.js';
export { Metrics } from './metrics.js';
export { serveMetrics } from './serve-metrics.js';
export { TelemetryModule } from './telemetry.module.js';
