import { createHash } from 'node:crypto';
import { peopleByRef, selects, type Facts } from './facts.js';

interface Entry {
  readonly n: number;
  readonly kind: string;
  readonly data: Readonly<Record<string, unknown>>;
}

/** P5: each effect has exactly one entry, and each entry an effect; the rows that entries count are those that went. */
export function checkEffects(facts: Facts): readonly string[] {
  const entries = facts.records.entries.map((bytes) => JSON.parse(bytes.toString('utf8')) as Entry);
  const misnumbered = entries
    .filter(({ n }, index) => n !== index + 1)
    .map(({ n }) => `P5: entry ${n} of the log is not where it says`);
  return [
    ...misnumbered,
    ...checkPairs(facts, entries),
    ...checkObligationEntries(facts, entries),
    ...checkConsents(facts),
    ...checkCounts(facts),
  ];
}

/** Each row has one entry, and each entry a row. */
function checkPairs({ records }: Facts, entries: readonly Entry[]): readonly string[] {
  const pair = (kind: string, field: string, rows: readonly { readonly id: string }[]) => {
    const told = entries.filter((entry) => entry.kind === kind).map(({ data }) => String(data[field]));
    return unpaired(
      told,
      rows.map(({ id }) => id),
    ).map((what) => `P5: ${kind} ${what}`);
  };
  const acted = records.obligations.filter(({ outcome }) => outcome !== null);
  return [
    ...pair('obligation.settled', 'obligation', acted),
    ...pair('request.received', 'request', records.requests),
    ...pair(
      'obligation.read_back',
      'obligation',
      records.obligations.filter(({ readBack }) => readBack !== null),
    ),
    ...pair('hold.placed', 'hold', records.holds),
    ...pair(
      'hold.lifted',
      'hold',
      records.holds.filter(({ lifted }) => lifted),
    ),
    ...checkReceiptEntries(records, entries),
  ];
}

/** Each receipt, the first and those that amend it, has its entry, and one that says how the request stands. */
function checkReceiptEntries({ receipts, requests }: Facts['records'], entries: readonly Entry[]) {
  return ['request.settled', 'receipt.issued'].flatMap((kind) =>
    requests.flatMap(({ id }) => {
      const told = entries.filter((entry) => entry.kind === kind && entry.data['request'] === id).length;
      const issued = receipts.filter(({ request }) => request === id).length;
      return told === issued && issued > 0
        ? []
        : [`P5: ${kind} of ${id}: ${told} entries, ${issued} receipts`];
    }),
  );
}

function checkObligationEntries({ records }: Facts, entries: readonly Entry[]): readonly string[] {
  return entries
    .filter(({ kind, data }) => {
      const row = records.obligations.find(({ id }) => id === data['obligation']);
      if (kind !== 'obligation.settled' || row === undefined) return false;
      return row.outcome !== data['outcome'] || row.rows !== data['rows'] || row.exact !== data['exact'];
    })
    .map(
      ({ data }) =>
        `P5: the entry of obligation ${String(data['obligation'])} says something else than its row`,
    );
}

function checkConsents({ model, records }: Facts): readonly string[] {
  const lost = model.sayings
    .filter(({ number, purpose, action }) => {
      const event = records.consents.find((one) => one.number === number);
      return event?.purpose !== purpose || event.action !== action;
    })
    .map(
      ({ person, action, purpose }) =>
        `P5: the ${action} of ${purpose} by ${person} is not where it was said to be`,
    );
  const given = model.sayings.length;
  const recorded = records.consents.length;
  return given === recorded
    ? lost
    : [...lost, `P5: ${recorded} consents are recorded, and ${given} were given`];
}

function unpaired(told: readonly string[], ids: readonly string[]): readonly string[] {
  const counts = Map.groupBy(told, (id) => id);
  const known = new Set(ids);
  return [
    ...ids
      .filter((id) => counts.get(id)?.length !== 1)
      .map((id) => `of ${id}: ${counts.get(id)?.length ?? 0} entries`),
    ...[...counts.keys()].filter((id) => !known.has(id)).map((id) => `of ${id}, which there is not`),
  ];
}

/** What all obligations about a person in a dataset say they removed, against what has gone. */
function checkCounts(facts: Facts): readonly string[] {
  const people = peopleByRef(facts);
  const faults: string[] = [];
  for (const person of new Set(facts.model.insertions.map(({ signal }) => signal.person)))
    for (const [dataset, present] of facts.present) {
      const put = facts.model.insertionsOf(person, dataset);
      const gone = put.length - present.filter((signal) => signal.person === person).length;
      const own = facts.records.obligations.filter(
        ({ ref, dataset: named }) =>
          named === dataset && ref !== null && people.get(ref)?.includes(person) === true,
      );
      const told = own.reduce((sum, { rows }) => sum + rows, 0);
      const sweeps = facts.records.obligations.filter(
        ({ ref, dataset: named }) => named === dataset && ref === null,
      );
      // What a sweep has removed is nobody's in particular.
      const swept = put.filter(({ signal }) => sweeps.some((sweep) => selects(sweep, signal))).length;
      const certain = own.every(({ ref }) => ref !== null && people.get(ref)?.length === 1);
      const exact = certain && own.every((one) => one.exact);
      if (certain && told > gone)
        faults.push(
          `P5: ${told} rows of ${person} in ${dataset} are told to be erased, and ${gone} are gone`,
        );
      if (exact && told < gone - swept)
        faults.push(
          `P5: exactly ${told} rows of ${person} in ${dataset} are told to be erased, and ${gone} are gone (${swept} may be a sweep's)`,
        );
    }
  return faults;
}

/** P6: every checkpoint that was ever seen is a checkpoint of the log as it is now, and none went back. */
export function checkCheckpoints({ records, checkpoints }: Facts): readonly string[] {
  const faults: string[] = [];
  let last = 0;
  for (const { size, root } of checkpoints) {
    if (size < last) faults.push(`P6: a checkpoint of ${size} entries was published after one of ${last}`);
    last = size;
    if (size > records.entries.length)
      faults.push(`P6: a checkpoint of ${size} entries was published, of a log of ${records.entries.length}`);
    else if (rootOf(records.entries.slice(0, size)).toString('base64') !== root)
      faults.push(`P6: the checkpoint of ${size} entries is not of this log's first ${size}`);
  }
  if (last !== records.entries.length)
    faults.push(`P6: the log has ${records.entries.length} entries and the last checkpoint ${last}`);
  return faults;
}

/** RFC 6962, section 2.1, in its own words: the oracle shares no code with what it judges. */
export function rootOf(leaves: readonly Buffer[]): Buffer {
  const hash = (...parts: readonly Uint8Array[]) =>
    createHash('sha256').update(Buffer.concat(parts)).digest();
  const [first] = leaves;
  if (first === undefined) return hash();
  if (leaves.length === 1) return hash(Buffer.of(0), first);
  let half = 1;
  while (half * 2 < leaves.length) half *= 2;
  return hash(Buffer.of(1), rootOf(leaves.slice(0, half)), rootOf(leaves.slice(half)));
}
