export { Idempotency, reusedKey } from './idempotency.js';
export { IdempotencyModule } from './idempotency.module.js';
