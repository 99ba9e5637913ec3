import { readdirSync, readFileSync } from 'node:fs';
import { platform } from 'node:os';

/** The unit of /proc/<pid>/stat, which is the same on every Linux that Node runs on. */
const ticksPerSecond = 100;

/**
 * Processor time in seconds that a PostgreSQL has used, with its processes that have ended. To within a hundredth of a
 * second for each process. Null where there is no /proc.
 */
export function postgresCpu(postmaster: number): number | null {
  if (platform() !== 'linux') return null;
  const own = readTimes(postmaster.toString());
  const children = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(readTimes)
    .filter((times) => times?.parent === postmaster);
  const ticks = children.reduce((sum, times) => sum + (times?.own ?? 0), (own?.own ?? 0) + (own?.ended ?? 0));
  return ticks / ticksPerSecond;
}

interface Times {
  readonly parent: number;
  readonly own: number;
  readonly ended: number;
}

/** Undefined for a process that ended meanwhile. See proc_pid_stat(5); the name before them may hold anything. */
function readTimes(pid: string): Times | undefined {
  let text: string;
  try {
    text = readFileSync(`/proc/${pid}/stat`, 'latin1');
  } catch {
    return undefined;
  }
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  const [, parent = 0, ...rest] = fields.map(Number);
  // utime, stime, cutime and cstime are fields 14 to 17, counted from 1 with the pid first.
  const [user = 0, system = 0, endedUser = 0, endedSystem = 0] = rest.slice(9, 13);
  return { parent, own: user + system, ended: endedUser + endedSystem };
}
