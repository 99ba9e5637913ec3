import { checkCheckpoints, checkEffects } from './check-ledger.js';
import { checkRows } from './check-rows.js';
import { checkWarrants } from './check-warrants.js';
import { checkMemory, checkReceipts, checkWork } from './check-work.js';
import type { Facts } from './facts.js';

/** Every promise, asked of the facts: what is broken, in words. */
export function judge(facts: Facts): readonly string[] {
  return [
    ...checkRows(facts),
    ...checkEffects(facts),
    ...checkCheckpoints(facts),
    ...checkWork(facts),
    ...checkWarrants(facts),
    ...checkMemory(facts),
    ...checkReceipts(facts),
    ...checkLogs(facts),
  ];
}

/** P9: no process has said who it was about. */
function checkLogs({ model, said }: Facts): readonly string[] {
  const people = new Set(model.registrations.map(({ person }) => person));
  return [...people].filter((person) => said.includes(person)).map((person) => `P9: a log names ${person}`);
}
