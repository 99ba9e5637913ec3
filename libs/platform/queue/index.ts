export { defineJob, tenantPayload, type Job } from './job.js';
export { QueueModule } from './queue.module.js';
export { Queues } from './queues.js';
