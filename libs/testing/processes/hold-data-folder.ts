import { openDataFolder } from '#platform/config';

// A holder for tests to kill.
await openDataFolder(process.argv[2] ?? '');
process.send?.('held');
// Its test run may be killed before it is.
process.once('disconnect', () => process.exit());
setInterval(() => undefined, 60_000);
