export { digestOfRequest, idempotencyKey, reusedKey } from './idempotency.js';
