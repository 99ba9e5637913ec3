import { describe, expect, it } from 'vitest';
import type { Signal } from '../host/signal.js';
import { Model } from '../model.js';
import type { ObligationRecord, Records } from '../records.js';
import { rootOf } from './check-ledger.js';
import type { Facts } from './facts.js';
import { judge } from './judge.js';

const at = (second: number) => new Date(Date.UTC(2026, 0, 1, 0, 0, second));
const span = (second: number) => ({ from: at(second).getTime(), to: at(second).getTime() + 500 });
const dataset = 'rows/ratings';
const signal = (id: number, person: string, second: number): Signal => ({
  id,
  person,
  at: at(second),
  purposes: ['ads'],
  note: '',
});
const old = signal(1, 'ann', 1);
const late = signal(2, 'ann', 50);
const others = signal(3, 'bob', 1);
const withdrawn = signal(4, 'cyd', 1);

const obligation = (more: Partial<ObligationRecord>): ObligationRecord => ({
  id: 'o1',
  dataset,
  cause: 'request',
  causeId: 'r1',
  ref: 'ref-ann',
  onlyPurposes: null,
  cutOff: null,
  asOf: at(10),
  outcome: 'erased',
  rows: 1,
  exact: true,
  error: null,
  attempts: 1,
  hasKey: false,
  plannedAt: at(11),
  settledAt: at(12),
  succeeds: null,
  readBack: null,
  ...more,
});
const withdrawal = {
  id: 'o2',
  cause: 'withdrawal',
  causeId: 'c2',
  ref: 'ref-cyd',
  onlyPurposes: ['ads'],
  asOf: at(20),
  plannedAt: at(21),
  settledAt: at(22),
};

const entry = (n: number, kind: string, data: object) => ({ n, kind, data });
const settledEntry = (n: number, { id, outcome, rows, exact }: ObligationRecord) =>
  entry(n, 'obligation.settled', { obligation: id, outcome, rows, exact });

type Entries = readonly ReturnType<typeof entry>[];

/** Ann was erased and Cyd withdrew; one row of Ann's came too late for her request, and all of Bob's stay. */
function facts(
  more: Omit<Partial<Facts>, 'records'> & {
    readonly records?: Partial<Records>;
    readonly log?: (entries: Entries) => Entries;
  } = {},
): Facts {
  const model = new Model();
  for (const [person, ref] of [
    ['ann', 'ref-ann'],
    ['bob', 'ref-bob'],
    ['cyd', 'ref-cyd'],
  ] as const)
    model.register({ person, ref, ...span(0) });
  for (const one of [old, late, others, withdrawn])
    model.insertions.push({ dataset, signal: one, ...span(2) });
  model.file({ requests: new Map([['ann', 'r1']]), from: at(10).getTime() - 1, to: at(10).getTime() + 1 });
  model.sayings.push({ person: 'cyd', purpose: 'ads', action: 'withdraw', number: 1, ...span(20) });
  const obligations = [obligation({}), obligation(withdrawal)];
  const log: Entries = [
    entry(1, 'consent.recorded', {}),
    entry(2, 'request.received', { request: 'r1' }),
    settledEntry(3, obligations[0]!),
    settledEntry(4, obligations[1]!),
    entry(5, 'request.settled', { request: 'r1' }),
    entry(6, 'receipt.issued', { request: 'r1' }),
  ];
  const entries = (more.log?.(log) ?? log).map((one) => Buffer.from(JSON.stringify(one)));
  const root = (size: number) => rootOf(entries.slice(0, size)).toString('base64');
  const part = { store: 'rows', dataset: 'ratings', outcome: 'erased', rows: 1, exact: true };
  const document = { state: 'completed', signalsCollectedUpTo: at(10).toISOString(), parts: [part] };
  return {
    model,
    present: new Map([[dataset, [late, others]]]),
    checkpoints: [2, entries.length].map((size) => ({ size, root: root(size) })),
    receipts: new Map([['r1', { document, faults: [] }]]),
    said: 'nothing about anybody',
    skew: 0,
    ...more,
    records: {
      requests: [{ id: 'r1', ref: 'ref-ann', state: 'completed', asOf: at(10) }],
      obligations,
      causes: [],
      rescans: [],
      sweeps: [],
      consents: [{ number: 1, ref: 'ref-cyd', purpose: 'ads', action: 'withdraw', at: at(20) }],
      receipts: [{ request: 'r1' }],
      holds: [],
      entries,
      remembered: [],
      suppressed: new Set(['ref-ann']),
      ...more.records,
    },
  };
}
const present = (...signals: readonly Signal[]) => facts({ present: new Map([[dataset, signals]]) });
const settled = (...obligations: readonly ObligationRecord[]) => facts({ records: { obligations } });
const first = obligation({});
const second = obligation(withdrawal);

describe('the oracle', () => {
  it('has nothing to say of a system that kept its promises', () => {
    expect(judge(facts())).toEqual([]);
  });

  it.each([
    ['a row of an erased person that is left', present(old, late, others), /^P2: erased, and: .*"ann"/],
    [
      'a row that was withdrawn and is left',
      present(late, others, withdrawn),
      /^P2: withdrawn, and: .*"cyd"/,
    ],
    ['a row of somebody else that is gone', present(late), /^P4: .* has lost .*"bob"/],
    ['a row after the request that is gone', present(others), /^P4: .* has lost \[2,"ann"/],
    [
      'a row of somebody else that has changed',
      present(late, { ...others, note: 'x' }),
      /^P8: .* nobody wrote/,
    ],
    ['a row that is there twice', present(late, others, others), /^P8: too many/],
    [
      'a row that came back and was looked for',
      (() => {
        const found = facts({
          records: {
            rescans: [{ id: 's', store: 'rows', state: 'finished', requestedAt: at(60), finishedAt: at(61) }],
          },
        });
        found.model.rescans.push({ id: 's', store: 'rows', ...span(60) });
        return found;
      })(),
      /^P3: came back, was looked for, and: .*\[2,"ann"/,
    ],
    [
      'a row that a second read-back did not see',
      (() => {
        const confirmed = { ...first, asOf: at(60), readBack: 'confirmed' };
        const found = facts({ records: { obligations: [confirmed, second] } });
        found.model.readBacks.push(at(70).getTime());
        return found;
      })(),
      /^P2: read back a second time, and: .*\[2,"ann"/,
    ],
    [
      'a second read-back without an entry',
      settled({ ...first, readBack: 'confirmed' }, second),
      /^P5: obligation.read_back of o1: 0 entries/,
    ],
    [
      'a hold without an entry',
      facts({ records: { holds: [{ id: 'h1', lifted: false }] } }),
      /^P5: hold.placed of h1: 0 entries/,
    ],
    [
      'a hold that was lifted without an entry',
      facts({
        records: { holds: [{ id: 'h1', lifted: true }] },
        log: (log) => [...log, entry(7, 'hold.placed', { hold: 'h1' })],
      }),
      /^P5: hold.lifted of h1: 0 entries/,
    ],
    [
      'a row that was held and is gone',
      (() => {
        const found = facts();
        found.model.losses.push('P4: held, and gone');
        return found;
      })(),
      /^P4: held, and gone/,
    ],
    [
      'a receipt that was amended without an entry',
      facts({ records: { receipts: [{ request: 'r1' }, { request: 'r1' }] } }),
      /^P5: receipt.issued of r1: 1 entries, 2 receipts/,
    ],
    [
      'an obligation without an entry',
      facts({ log: (log) => log.toSpliced(2, 1) }),
      /^P5: obligation.settled of o1: 0 entries/,
    ],
    [
      'an obligation with two entries',
      facts({ log: (log) => [...log, { ...log[2]!, n: 7 }] }),
      /^P5: obligation.settled of o1: 2 entries/,
    ],
    [
      'an entry without an obligation',
      facts({ log: (log) => [...log, entry(7, 'obligation.settled', { obligation: 'o9' })] }),
      /^P5: obligation.settled of o9, which there is not/,
    ],
    [
      'an entry that tells of other rows than its obligation',
      facts({ log: (log) => log.with(2, settledEntry(3, { ...first, rows: 9 })) }),
      /^P5: the entry of obligation o1 says something else/,
    ],
    [
      'a number that is taken twice',
      facts({ log: (log) => log.with(5, { ...log[5]!, n: 5 }) }),
      /^P5: entry 5 of the log/,
    ],
    ['a count that is too low', settled({ ...first, rows: 0 }, second), /^P5: exactly 0 rows of ann/],
    ['a count that is too high', settled({ ...first, rows: 3 }, second), /^P5: 3 rows of ann/],
    [
      'a consent that was answered and is not there',
      facts({ records: { consents: [] } }),
      /^P5: the withdraw of ads by cyd/,
    ],
    [
      'a checkpoint of another history',
      facts({ checkpoints: [{ size: 2, root: 'AAAA' }] }),
      /^P6: the checkpoint of 2 entries is not/,
    ],
    [
      'a checkpoint that went back',
      facts({ checkpoints: [...facts().checkpoints].reverse() }),
      /^P6: a checkpoint of 2 entries was published after one of 6/,
    ],
    [
      'a checkpoint of more than there is',
      facts({ checkpoints: [{ size: 7, root: '' }] }),
      /^P6: a checkpoint of 7 entries was published, of a log of 6/,
    ],
    [
      'entries that are never published',
      facts({ checkpoints: facts().checkpoints.slice(0, 1) }),
      /^P6: the log has 6 entries/,
    ],
    ['a request that is lost', facts({ records: { requests: [] } }), /^P7: request r1 for ann is lost/],
    [
      'a request that is not completed',
      facts({ records: { requests: [{ ...facts().records.requests[0]!, state: 'partially_completed' }] } }),
      /^P7: request r1 is partially_completed/,
    ],
    [
      'a dataset that a request forgot',
      settled(second),
      /^P7: request r1 has not one obligation in rows\/ratings/,
    ],
    [
      'an obligation that is open',
      settled({ ...first, outcome: null, settledAt: null }, second),
      /^P7: obligation o1 .* is open/,
    ],
    [
      'an obligation that was given up',
      settled({ ...first, outcome: 'failed', error: 'unauthorized' }, second),
      /^P7: obligation o1 .* given up: unauthorized/,
    ],
    [
      'an obligation before its time',
      settled({ ...first, settledAt: at(5) }, second),
      /^P7: obligation o1 .* before it was planned/,
    ],
    [
      'an obligation that nobody asked for',
      settled(first, second, { ...first, id: 'o3', causeId: 'x', ref: 'ref-bob' }),
      /^P7: obligation o3 .* nobody asked for it then/,
    ],
    [
      'a withdrawal that nobody made',
      settled(first, { ...second, ref: 'ref-bob' }),
      /^P7: obligation o2 .* nobody withdrew then/,
    ],
    [
      'a cause that still counts',
      facts({ records: { causes: [{ id: 'r1', kind: 'request', open: 1 }] } }),
      /^P7: the request r1 counts 1/,
    ],
    [
      'a key that was kept',
      settled({ ...first, hasKey: true }, second),
      /^P8: obligation o1 .* keeps its key/,
    ],
    [
      'an identifier that was kept',
      facts({ records: { remembered: [{ ref: 'ref-ann', what: 'an identifier' }] } }),
      /^P8: .* an identifier is kept/,
    ],
    [
      'a suppression that is forgotten',
      facts({ records: { suppressed: new Set() } }),
      /^P3: ann was erased and is not suppressed/,
    ],
    ['a receipt that is missing', facts({ receipts: new Map() }), /^P2: request r1 has no receipt/],
    [
      'a receipt that is not proved',
      facts({
        receipts: new Map([['r1', { ...facts().receipts.get('r1')!, faults: ['the root differs'] }]]),
      }),
      /^P2: the receipt of request r1: the root differs/,
    ],
    [
      'a receipt that says more than was done',
      settled({ ...first, outcome: 'superseded', exact: false }, second),
      /^P2: the receipt of request r1 says something else/,
    ],
    ['a log that names somebody', facts({ said: 'purged ann' }), /^P9: a log names ann/],
  ] as const)('sees %s', (_, broken, said) => {
    const faults = judge(broken);
    expect(
      faults.some((fault) => said.test(fault)),
      faults.join('\n'),
    ).toBe(true);
  });
});
