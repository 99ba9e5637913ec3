import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { list, Refused } from '../api.js';
import type { Checks } from '../report.js';
import type { World } from '../world.js';

/** Step 7, first half: the audit log and every receipt as files; they are verified with the server stopped. */
export async function exportFiles(world: World, checks: Checks): Promise<readonly string[]> {
  mkdirSync(world.outFolder, { recursive: true });
  const files: string[] = [];
  const save = (name: string, text: string) => {
    const file = join(world.outFolder, name);
    writeFileSync(file, text);
    files.push(file);
  };
  const receipts = await Promise.all(world.requests.map((id) => receipt(world, id)));
  receipts.forEach((text, index) => {
    save(`receipt-${world.requests[index] ?? index}.json`, text);
  });
  const feed = list(await world.api.get('/v1/feed?limit=1'));
  checks.equal('the ledger has entries', true, feed.length > 0);
  save('audit-log.ndjson', await world.api.text('/v1/ledger/export'));
  checks.equal('a receipt for every request', world.requests.length, receipts.length);
  return files;
}

/** A receipt can be had once its entry is in the published tree, a moment after settlement. */
async function receipt(world: World, id: string): Promise<string> {
  const end = Date.now() + 30_000;
  for (;;) {
    try {
      return JSON.stringify(await world.api.get(`/v1/requests/${id}/receipt`), null, 2);
    } catch (error) {
      const early = error instanceof Refused && error.code.startsWith('receipt.');
      if (!early || Date.now() > end) throw error;
      await sleep(100);
    }
  }
}
