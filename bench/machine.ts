import { arch, cpus, loadavg, platform, release, totalmem } from 'node:os';
import { setTimeout as pause } from 'node:timers/promises';

/** What the figures were measured on. */
export interface Machine {
  readonly processors: string;
  readonly memoryGiB: number;
  readonly system: string;
  /** The load averages over 1, 5 and 15 minutes before the run. */
  readonly load: readonly number[];
  /** The share of all processors that others used in the second before the run. */
  readonly busy: number;
}

export async function describeMachine(): Promise<Machine> {
  const before = idleAndTotal();
  await pause(1_000);
  const after = idleAndTotal();
  const [first] = cpus();
  return {
    processors: `${cpus().length} x ${first?.model.trim() ?? 'unknown'}`,
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    system: `${platform()} ${release()} ${arch()}`,
    load: loadavg().map((average) => Math.round(average * 100) / 100),
    busy: 1 - (after.idle - before.idle) / (after.total - before.total),
  };
}

function idleAndTotal(): { readonly idle: number; readonly total: number } {
  let idle = 0;
  let total = 0;
  for (const { times } of cpus()) {
    idle += times.idle;
    total += times.user + times.nice + times.sys + times.irq + times.idle;
  }
  return { idle, total };
}
