import { startPostgres, type PostgresOptions } from '#platform/embedded';

// A starter for tests to kill: it starts a server with the options it is given, says which process that is, and waits.
const options = JSON.parse(process.argv[2] ?? '') as PostgresOptions;
const server = await startPostgres(options);
process.send?.({ pid: server.pid });
// Its test run may be killed before it is.
process.once('disconnect', () => process.exit());
setInterval(() => undefined, 60_000);
