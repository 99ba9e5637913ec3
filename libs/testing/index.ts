export { firstMessage, runElsewhere } from './run-elsewhere.js';
export { skipReason } from './skip.js';
export { createTestDatabase, type TestDatabase } from './test-database.js';
export { withClient } from './with-client.js';
