import { isDuring } from '../model.js';
import type { ObligationRecord } from '../records.js';
import { peopleByRef, type Facts } from './facts.js';

/** P7, the other way round: no obligation without something that was done to the system and explains it. */
export function checkWarrants(facts: Facts): readonly string[] {
  const people = peopleByRef(facts);
  return facts.records.obligations.flatMap((obligation) => {
    const { id, dataset, cause, ref } = obligation;
    const named = ref === null ? [] : (people.get(ref) ?? []);
    const fault = cause === 'sweep' ? sweepFault(facts, obligation) : personFault(facts, obligation, named);
    return fault === undefined ? [] : [`P7: obligation ${id} of ${dataset}: ${fault}`];
  });
}

function sweepFault(
  { model, records, skew }: Facts,
  { causeId, cutOff }: ObligationRecord,
): string | undefined {
  const sweep = records.sweeps.find(({ id }) => id === causeId);
  // Whoever got no answer asked again, and is served twice.
  if (sweep === undefined || !model.sweeps.some((asked) => isDuring(asked, sweep.requestedAt, skew)))
    return 'a sweep that nobody asked for';
  return sweep.cutOff.getTime() === cutOff?.getTime() ? undefined : 'another cut-off than its sweep’s';
}

/** `named` are those of whom it may be about. */
function personFault(
  { model, skew }: Facts,
  { cause, asOf, plannedAt }: ObligationRecord,
  named: readonly string[],
): string | undefined {
  if (named.length === 0) return 'about somebody unknown';
  const filings = model.filings.filter(({ requests }) => named.some((person) => requests.has(person)));
  switch (cause) {
    case 'request':
      return filings.some((filing) => isDuring(filing, asOf, skew)) ? undefined : 'nobody asked for it then';
    case 'withdrawal': {
      const withdrawn = model.sayings.filter(
        ({ person, action }) => action === 'withdraw' && named.includes(person),
      );
      return withdrawn.some((saying) => isDuring(saying, asOf, skew)) ? undefined : 'nobody withdrew then';
    }
    default:
      return filings.some(({ from }) => from <= plannedAt.getTime() + skew)
        ? undefined
        : 'came back without having been erased';
  }
}
