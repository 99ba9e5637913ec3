export { runSweepsJob } from './jobs.js';
export { RequestSweeps } from './request-sweeps.js';
export { RetentionModule } from './retention.module.js';
export { SweepRow } from './rows/sweep.row.js';
export { RunSweeps, SettleSweeps } from './run-sweeps.js';
export { SweepsRepository, type Sweep } from './sweeps.repository.js';
