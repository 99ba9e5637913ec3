export { findPostgres } from './find-postgres.js';
export { openLogFile } from './log-file.js';
export { startPostgres, type EmbeddedPostgres, type PostgresOptions } from './start-postgres.js';
