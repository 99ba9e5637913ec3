import { contentOf } from '../host/signal.js';
import type { Insertion } from '../model.js';
import type { ObligationRecord } from '../records.js';
import { peopleByRef, selects, type Facts } from './facts.js';

/**
 * P2, P3, P4 and P8 in the stores: row by row, what must be gone is gone, and everything else is there, byte by byte.
 * Rows with the same content are counted.
 */
export function checkRows(facts: Facts): readonly string[] {
  const mayGo = allowance(facts);
  const faults = [...facts.model.losses];
  for (const [dataset, present] of facts.present) {
    const there = Map.groupBy(present, contentOf);
    const put = Map.groupBy(
      facts.model.insertions.filter((one) => one.dataset === dataset),
      ({ signal }) => contentOf(signal),
    );
    for (const [content, rows] of there)
      if (!put.has(content))
        faults.push(`P8: ${dataset} has ${rows.length} of a row that nobody wrote: ${content}`);
    for (const [content, copies] of put) {
      const found = there.get(content)?.length ?? 0;
      const reasons = copies.map((copy) => mustGo(facts, copy));
      const most = reasons.filter((reason) => reason === undefined).length;
      const least = copies.filter((copy) => !mayGo(copy)).length;
      if (found > most)
        faults.push(
          `${reasons.find((reason) => reason !== undefined) ?? 'P8: too many'}: ${dataset} still has ${content}`,
        );
      if (found < least) faults.push(`P4: ${dataset} has lost ${content}`);
    }
  }
  return faults;
}

/** Why a row must be gone by now; undefined when it need not. */
function mustGo(facts: Facts, insertion: Insertion): string | undefined {
  if (byRequest(facts, insertion)) return 'P2: erased, and';
  if (byWithdrawal(facts, insertion)) return 'P2: withdrawn, and';
  if (byRescan(facts, insertion)) return 'P3: came back, was looked for, and';
  if (byReadBack(facts, insertion)) return 'P2: read back a second time, and';
  return bySweep(facts, insertion) ? 'P2: past its time, and' : undefined;
}

function byRequest({ model, records }: Facts, { signal, to }: Insertion): boolean {
  return model.filings.some(({ requests, from }) => {
    const id = requests.get(signal.person);
    const request = records.requests.find((one) => one.id === id);
    return request !== undefined && to < from && signal.at <= request.asOf;
  });
}

/** Everything it was collected for was withdrawn after it was written, and nothing of that was allowed again. */
function byWithdrawal({ model, records }: Facts, { signal, to }: Insertion): boolean {
  return model.sayings.some((saying) => {
    if (saying.person !== signal.person || saying.action !== 'withdraw' || to >= saying.from) return false;
    const event = records.consents.find(({ number }) => number === saying.number);
    if (event === undefined || signal.at > event.at || signal.purposes.length === 0) return false;
    const lost = model.lostAfter(saying);
    return signal.purposes.every((purpose) => lost.has(purpose) && !model.isAllowedAgain(saying, purpose));
  });
}

function byRescan({ model, records, skew }: Facts, { dataset, signal, to }: Insertion): boolean {
  return records.rescans.some(({ id, store, state }) => {
    const asked = model.rescans.find((one) => one.id === id);
    if (asked === undefined || state !== 'finished') return false;
    return (
      dataset.startsWith(`${store}/`) &&
      to < asked.from &&
      signal.at.getTime() < asked.from - skew &&
      model.isSuppressedSince(signal.person, asked.from)
    );
  });
}

/** Somebody looked again after it was written, and either saw nothing or had it erased once more. */
function byReadBack(facts: Facts, { dataset, signal, to }: Insertion): boolean {
  const people = peopleByRef(facts);
  return facts.records.obligations.some((obligation) => {
    if (obligation.ref === null || obligation.dataset !== dataset || !selects(obligation, signal))
      return false;
    const whose = people.get(obligation.ref) ?? [];
    return whose.length === 1 && whose[0] === signal.person && to < lookedAgainAt(facts, obligation);
  });
}

/** Since when an obligation's rows are known to be gone for the second time; -Infinity when that is not known. */
function lookedAgainAt({ model, skew }: Facts, { readBack, cause, settledAt }: ObligationRecord): number {
  const isSure = readBack === 'confirmed' || (readBack === 'came_back' && cause !== 'withdrawal');
  const looked = model.readBacks.find((moment) => settledAt && moment + skew >= settledAt.getTime());
  return (isSure ? looked : undefined) ?? -Infinity;
}

function bySweep({ model, records }: Facts, { dataset, signal, to }: Insertion): boolean {
  return records.sweeps.some(({ runId, dataset: swept, cutOff, state }) => {
    const asked = model.sweeps.find(({ id }) => id === runId);
    return (
      asked !== undefined &&
      swept === dataset &&
      state === 'finished' &&
      to < asked.from &&
      signal.at < cutOff
    );
  });
}

/**
 * Whether a row may be gone: some obligation was about it while it was there, and does not itself say that it removed
 * nothing. That each obligation was warranted is another check.
 */
function allowance(facts: Facts): (insertion: Insertion) => boolean {
  const people = peopleByRef(facts);
  const acting = facts.records.obligations.filter(({ outcome, exact }) => outcome === 'erased' || !exact);
  return ({ dataset, signal, from }) =>
    acting.some(
      (obligation) =>
        obligation.dataset === dataset &&
        (obligation.ref === null || people.get(obligation.ref)?.includes(signal.person) === true) &&
        selects(obligation, signal) &&
        (obligation.settledAt === null || from <= obligation.settledAt.getTime() + facts.skew),
    );
}
