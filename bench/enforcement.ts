import { benchCauses } from './enforcement/causes.js';
import { benchPlan } from './enforcement/plan.js';
import { benchPurge } from './enforcement/purge.js';
import { benchReads } from './enforcement/reads.js';
import type { AreaOptions, AreaResult, Row } from './harness.js';

const parts = { purge: benchPurge, causes: benchCauses, plan: benchPlan, reads: benchReads };

/** What it takes to plan deletions, to carry them out in the stores, and what others notice of it. */
export async function benchEnforcement(options: AreaOptions): Promise<AreaResult> {
  const unknown = options.parts.find((name) => !Object.hasOwn(parts, name));
  if (unknown !== undefined) throw new Error(`enforcement has no part ${unknown}`);
  const rows: Row[] = [];
  for (const [name, measure] of Object.entries(parts)) {
    if (options.parts.length === 0 || options.parts.includes(name)) rows.push(...(await measure(options)));
  }
  return { rows, versions: {} };
}
