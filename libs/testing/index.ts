export { callerOf } from './caller-of.js';
export { openLibraries, type OpenLibraries } from './open-libraries.js';
export { fillTables } from './fill-tables.js';
export { firstMessage, runElsewhere } from './run-elsewhere.js';
export { skipReason } from './skip.js';
export { createTestDatabase, type TestDatabase } from './test-database.js';
export { withClient } from './with-client.js';
