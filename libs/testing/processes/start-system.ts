import { loadConfig } from '#platform/config';
import { startSystem } from '../../../apps/cli/start.js';

// A whole system for tests to kill. The programs for API and worker are the test's.
const [api = '', worker = ''] = process.argv.slice(2);
const system = await startSystem(loadConfig(), { programs: { api, worker } });
process.send?.({ url: system.url });
// Its test run may be killed before it is.
process.once('disconnect', () => process.exit());
setInterval(() => undefined, 60_000);
