import {
  encodePeople,
  encodeSnapshotEnd,
  encodeSnapshotHead,
  KeyedHasher,
  pack,
  readSnapshot,
  Replica,
  type DecisionRules,
} from '#decisions';
import { alone, alternate, compare, Series, timeCalls, type AreaOptions, type Row } from '../harness.js';
import { randomFrom } from '../random.js';

const people = 1_000_000;
const quickPeople = 20_000;
const purposes = Array.from({ length: 32 }, (_, index) => `purpose-${String(index).padStart(2, '0')}`);
const key = Buffer.alloc(16, 5);
const seed = 20_260_103;
const now = 1_790_000_000;
const perBlock = 2_000;
/** How many calls are timed one by one. */
const timed = 200_000;

const rules: DecisionRules = {
  policyVersion: 1,
  jurisdictions: ['us'],
  purposes: Object.fromEntries(
    purposes.map((name, index) => [
      name,
      {
        within: index % 4 === 3 ? [purposes[index - 1] ?? ''] : [],
        legalBasis: index % 8 === 0 ? 'legitimate_interest' : 'consent',
        bases: {},
        honoursOptOutSignal: index % 5 === 0,
        onlyNotice: null,
        conditions: { leaveOut: [], maximumAge: null },
      },
    ]),
  ),
};

/** Everybody has answered every purpose, in one to three dialogs whose consents end at different times. */
function* snapshot(count: number): Generator<Uint8Array> {
  const random = randomFrom(seed);
  const hasher = new KeyedHasher(key);
  yield encodeSnapshotHead({ format: 1, key: key.toString('hex'), revision: 1, epoch: 1, purposes, rules });
  for (let first = 0; first < count; first += perBlock) {
    yield encodePeople(
      Array.from({ length: Math.min(perBlock, count - first) }, (_, offset) => {
        const { high, low } = hasher.of('account_id', nameOf(first + offset));
        const hash = Buffer.alloc(8);
        hash.writeUInt32BE(high, 0);
        hash.writeUInt32BE(low, 4);
        const dialogs = 1 + Math.floor(random() * 3);
        const ends = Array.from({ length: dialogs }, () => now + Math.floor((random() - 0.1) * 50_000_000));
        const states = purposes.map((_name, purpose) => {
          const code = random() < 0.7 ? 1 : 2 + Math.floor(random() * 3);
          return [purpose, code, code === 1 ? (ends[purpose % dialogs] ?? null) : null] as const;
        });
        return { ...pack({ known: true, suppressed: false, states }, purposes.length), hash };
      }),
    );
  }
  yield encodeSnapshotEnd(count);
}

function nameOf(index: number): string {
  return `user-${index}`;
}

async function load(chunks: readonly Uint8Array[]): Promise<Replica> {
  // As the client does, which does not know how many will come.
  const replica = new Replica(key, purposes);
  replica.govern(rules);
  await readSnapshot(inTurn(chunks), {
    head: () => undefined,
    person: (high, low, person) => {
      replica.setPacked(high, low, person);
    },
  });
  return replica;
}

async function* inTurn(chunks: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  for (const chunk of chunks) yield await Promise.resolve(chunk);
}

/** The question asked of the packed state in this process, with keys drawn evenly from everybody. */
export async function benchPacked({ pace, quick, say }: AreaOptions): Promise<readonly Row[]> {
  const count = quick ? quickPeople : people;
  say(`${count.toLocaleString('en')} people x ${purposes.length} purposes in memory…`);
  const chunks = [...snapshot(count)];
  const loading = new Series(async () => {
    const began = performance.now();
    await load(chunks);
    return performance.now() - began;
  });
  await alternate([loading], { warmUps: 1, rounds: Math.min(5, pace.rounds) });
  const replica = await load(chunks);
  const asked = questions(count);
  const plain = new Map(Array.from({ length: count }, (_, index) => [nameOf(index), index]));
  const one = new Series(() =>
    Promise.resolve(throughput((index) => ask(replica, asked, index), pace.callMilliseconds)),
  );
  const map = new Series(() =>
    Promise.resolve(
      throughput((index) => plain.get(asked.names[index & asked.mask] ?? ''), pace.callMilliseconds),
    ),
  );
  await alternate([one, map], pace);
  const each = new Series(() => Promise.resolve(percentiles(replica, asked)));
  await alternate([each], { warmUps: 1, rounds: Math.min(5, pace.rounds) });
  return rowsOf(count, replica.bytes, { one, map, each, loading });
}

interface Measured {
  readonly one: Series<number>;
  readonly map: Series<number>;
  readonly each: Series<{ readonly p50: number; readonly p99: number }>;
  readonly loading: Series<number>;
}

function rowsOf(count: number, bytes: number, { one, map, each, loading }: Measured): readonly Row[] {
  const size = `${count.toLocaleString('en')} x ${purposes.length}`;
  const million = (nanoseconds: number) => 1e3 / nanoseconds;
  return [
    compare(
      { name: `may, in process, ${size}`, unit: 'ns', note: 'floor: a Map from the same texts to a number' },
      one.of((nanoseconds) => nanoseconds),
      map.of((nanoseconds) => nanoseconds),
    ),
    alone({ name: 'may, in process: rate', unit: 'M/s', target: { atLeast: 3 } }, one.of(million)),
    alone(
      {
        name: 'may, in process: p50',
        unit: 'ns',
        target: { atMost: 300 },
        note: 'without the cost of the clock',
      },
      each.of(({ p50 }) => p50),
    ),
    alone(
      { name: 'may, in process: p99', unit: 'ns', target: { atMost: 1_000 } },
      each.of(({ p99 }) => p99),
    ),
    alone({ name: 'may, in process: memory', unit: 'MB', target: { atMost: 100 } }, [bytes / 1e6]),
    alone(
      { name: 'snapshot loads', unit: 'ms', target: { atMost: 1_000 } },
      loading.of((milliseconds) => milliseconds),
    ),
  ];
}

interface Asked {
  readonly names: readonly string[];
  readonly mask: number;
}

/** Texts that were never hashed before, in an order that no cache can foresee. */
function questions(count: number): Asked {
  const random = randomFrom(seed + 1);
  const many = 2 ** 20;
  return { names: Array.from({ length: many }, () => nameOf(Math.floor(random() * count))), mask: many - 1 };
}

const subject = { type: 'account_id', value: '' };

function ask(replica: Replica, { names, mask }: Asked, index: number): unknown {
  subject.value = names[index & mask] ?? '';
  return replica.may(subject, purposes[(index * 7) & 31] ?? '', now);
}

function throughput(call: (index: number) => unknown, milliseconds: number): number {
  let index = 0;
  return timeCalls(() => call((index += 1)), milliseconds);
}

function percentiles(replica: Replica, asked: Asked): { readonly p50: number; readonly p99: number } {
  const took = new Float64Array(timed);
  const clock = new Float64Array(timed);
  for (let index = 0; index < timed; index += 1) {
    const began = performance.now();
    clock[index] = performance.now() - began;
  }
  for (let index = 0; index < timed; index += 1) {
    const began = performance.now();
    ask(replica, asked, index);
    took[index] = performance.now() - began;
  }
  const at = (sorted: Float64Array, share: number) => (sorted[Math.floor(sorted.length * share)] ?? 0) * 1e6;
  const cost = at(clock.sort(), 0.5);
  took.sort();
  return { p50: at(took, 0.5) - cost, p99: at(took, 0.99) - cost };
}
