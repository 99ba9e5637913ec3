import { startTestServer } from '../start-test-server.js';

// The test run's PostgreSQL. It lives as long as the run: when Vitest ends, or is killed, the channel closes.
const server = await startTestServer();
const stop = () => {
  void server.stop().finally(() => process.exit());
};
process.once('disconnect', stop);
// Ctrl-C reaches the whole terminal; the run decides when its server ends.
process.on('SIGINT', () => undefined);
if (process.connected) process.send?.({ adminUrl: server.adminUrl, failure: server.failure });
else stop();
