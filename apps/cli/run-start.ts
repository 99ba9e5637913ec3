import { loadConfig } from '#platform/config';
import { startSystem, type RunningSystem } from './start.js';
import type { Terminal } from './terminal.js';

/** `lethe start`: runs until asked to stop (exit code 0), or until a part fails for good (1). */
export async function runStart({ say, interrupted }: Terminal, verbose: boolean): Promise<number> {
  const starting = startSystem(loadConfig(), { verbose, report: say });
  const system = await Promise.race([starting, interrupted.then(() => null)]);
  if (system === null) {
    say('Stopping…');
    await starting.then(
      (started) => started.stop(),
      () => undefined,
    );
    return 0;
  }
  for (const line of describeSystem(system, verbose)) say(line);
  const failure = await Promise.race([system.failed, interrupted.then(() => null)]);
  say(failure === null ? 'Stopping…' : failure.message);
  await system.stop();
  say('Stopped.');
  return failure === null ? 0 : 1;
}

function describeSystem(system: RunningSystem, verbose: boolean): readonly string[] {
  return [
    '',
    `Lethe is running at ${system.url}`,
    `  operator key  ${system.operatorKeyFile}`,
    `  data          ${system.dataFolder}${system.embedded ? ' (with its own PostgreSQL)' : ''}`,
    ...(verbose ? [] : [`  logs          ${system.dataFolder}/logs`]),
    'Press Ctrl-C to stop.',
    '',
  ];
}
