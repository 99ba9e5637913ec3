import type { ObligationRecord } from '../records.js';
import { peopleByRef, type Facts } from './facts.js';

/** P7: nothing that was accepted is lost, and nothing is left open or given up. */
export function checkWork(facts: Facts): readonly string[] {
  return [...checkRequests(facts), ...checkObligations(facts), ...checkCauses(facts)];
}

function checkRequests({ model, records, present }: Facts): readonly string[] {
  const known = new Set(records.requests.map(({ id }) => id));
  const lost = model.filings
    .flatMap(({ requests }) => [...requests])
    .filter(([, id]) => !known.has(id))
    .map(([person, id]) => `P7: request ${id} for ${person} is lost`);
  const unfinished = records.requests.flatMap(({ id, state }) => {
    const parts = records.obligations.filter(({ causeId }) => causeId === id);
    const missing = [...present.keys()].filter(
      (dataset) => parts.filter((part) => part.dataset === dataset && part.succeeds === null).length !== 1,
    );
    return [
      ...(missing.length > 0 ? [`P7: request ${id} has not one obligation in ${missing.join(', ')}`] : []),
      ...(state === 'completed' ? [] : [`P7: request ${id} is ${state}`]),
    ];
  });
  return [...lost, ...unfinished];
}

/** Every fault of a run passes, so no obligation may be given up. */
function checkObligations({ records, skew }: Facts): readonly string[] {
  return records.obligations.flatMap(({ id, dataset, outcome, error, hasKey, plannedAt, settledAt }) => {
    const what = `obligation ${id} of ${dataset}`;
    if (outcome === null || settledAt === null) return [`P7: ${what} is open`];
    return [
      ...(outcome === 'failed' ? [`P7: ${what} was given up: ${error ?? ''}`] : []),
      ...(hasKey ? [`P8: ${what} is settled and keeps its key`] : []),
      ...(settledAt.getTime() < plannedAt.getTime() - skew
        ? [`P7: ${what} settled before it was planned`]
        : []),
    ];
  });
}

function checkCauses({ records }: Facts): readonly string[] {
  return records.causes
    .filter(({ open }) => open !== 0)
    .map(({ id, kind, open }) => `P7: the ${kind} ${id} counts ${open} open obligations`);
}

/** P8: of somebody who was erased, and has not registered anew, Lethe itself keeps nothing but the suppression. */
export function checkMemory(facts: Facts): readonly string[] {
  const { records } = facts;
  const people = peopleByRef(facts);
  const faults: string[] = [];
  for (const { id, ref } of records.requests) {
    const kept = records.remembered.filter((one) => one.ref === ref).map(({ what }) => what);
    if (kept.length > 0) faults.push(`P8: of whom request ${id} erased, ${kept.join(' and ')} is kept`);
  }
  const erased = new Set<string>();
  for (const { requests } of facts.model.filings) for (const person of requests.keys()) erased.add(person);
  const suppressed = new Set([...records.suppressed].flatMap((ref) => people.get(ref) ?? []));
  for (const person of erased) {
    const expected = facts.model.isSuppressed(person);
    if (expected !== suppressed.has(person))
      faults.push(
        `P3: ${person} ${expected ? 'was erased and is not' : 'has registered anew and is'} suppressed`,
      );
  }
  return faults;
}

/** What is told of work that was begun again: how it ended at last, and all that it took. */
function withSuccessors(part: ObligationRecord, all: readonly ObligationRecord[]): ObligationRecord {
  const next = all.find(({ succeeds }) => succeeds === part.id);
  if (next === undefined) return part;
  const last = withSuccessors(next, all);
  return { ...last, rows: part.rows + last.rows, exact: part.exact && last.exact };
}

/** Receipts say what the obligations say, are proved, and claim no more than is so. */
export function checkReceipts({ records, receipts }: Facts): readonly string[] {
  return records.requests.flatMap(({ id, state, asOf }) => {
    const receipt = receipts.get(id);
    if (receipt === undefined) return [`P2: request ${id} has no receipt`];
    const { document } = receipt;
    const parts = records.obligations
      .filter(({ causeId, succeeds }) => causeId === id && succeeds === null)
      .map((part) => withSuccessors(part, records.obligations))
      .map(({ dataset, outcome, rows, exact }) => JSON.stringify([dataset, outcome, rows, exact]));
    const told = document.parts.map(({ store, dataset, outcome, rows, exact }) =>
      JSON.stringify([`${store}/${dataset}`, outcome, rows, exact]),
    );
    const same =
      document.state === state &&
      document.signalsCollectedUpTo === asOf.toISOString() &&
      JSON.stringify(told.sort()) === JSON.stringify(parts.sort());
    return [
      ...receipt.faults.map((fault) => `P2: the receipt of request ${id}: ${fault}`),
      ...(same ? [] : [`P2: the receipt of request ${id} says something else than its obligations`]),
    ];
  });
}
