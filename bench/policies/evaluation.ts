import { compilePolicy, parsePolicy } from '#policy';
import { alone, alternate, compare, Series, timeCalls, type AreaOptions, type Row } from '../harness.js';
import { oneOf, randomFrom } from '../random.js';

const counts = [10, 1_000, 10_000] as const;
const questions = 1_024;
const seed = 20_260_102;
const categories = ['user', 'user.contact', 'user.contact.email', 'user.behavior', 'system.operations'];
const micros = (nanoseconds: number) => nanoseconds / 1e3;

/** What rules name: as many stores, datasets and fields as there are rules, so that most rules are about few fields. */
interface Names {
  readonly stores: readonly string[];
  readonly datasets: readonly string[];
  readonly fields: readonly string[];
  readonly purposes: readonly string[];
}

/** How long it takes to find what holds for one field, for policies of different size. */
export async function benchEvaluation({ pace, say }: AreaOptions): Promise<readonly Row[]> {
  say('Policies of 10, 1,000 and 10,000 rules…');
  const series = counts.map(
    (count) => new Series(() => Promise.resolve(evaluate(count, pace.callMilliseconds)())),
  );
  await alternate(series, pace);
  const figures = series.map((one) => one.of(micros));
  const [few = [], , many = []] = figures;
  return [
    ...counts.map((count, index) =>
      alone(
        {
          name: `one field, ${count.toLocaleString('en')} rules`,
          unit: 'µs',
          target: { atMost: 2 },
          note: 'maximum, minimums and erasure',
        },
        figures[index] ?? [],
      ),
    ),
    compare(
      {
        name: 'one field, 10,000 rules to 10',
        unit: 'µs',
        target: { atMost: 2 },
        note: 'a thousand times the rules',
      },
      many,
      few,
    ),
  ];
}

const made = new Map<number, (milliseconds: number) => number>();

function evaluate(count: number, milliseconds: number): () => number {
  const known = made.get(count) ?? prepare(count);
  made.set(count, known);
  return () => known(milliseconds);
}

function prepare(count: number): (milliseconds: number) => number {
  const random = randomFrom(seed);
  const names: Names = {
    stores: list('s', count / 10),
    datasets: list('d', count),
    fields: list('f', count),
    purposes: list('p', 10),
  };
  const policy = compilePolicy(parsePolicy(JSON.stringify(document(count, names, random))));
  const asked = Array.from({ length: questions }, () => ({
    store: oneOf(names.stores, random),
    dataset: oneOf(names.datasets, random),
    field: oneOf(names.fields, random),
    category: oneOf(categories, random),
    purpose: oneOf(names.purposes, random),
  }));
  let index = 0;
  const call = () => {
    index = (index + 1) % questions;
    const question = asked[index];
    if (question === undefined) throw new RangeError('no question');
    const place = policy.place(question);
    return [policy.maximum(place), policy.minimums(place), policy.erasure(place)];
  };
  return (milliseconds) => timeCalls(call, milliseconds);
}

/** Rules of every kind of match: for fields, for datasets, for stores and categories, for purposes; and one for the rest. */
function document(count: number, { stores, datasets, fields, purposes }: Names, random: () => number) {
  const rules = new Map<string, object>([['rest', { keep: 'P9Y' }]]);
  const matches = [
    (index: number) => ({ field: fields[index], dataset: oneOf(datasets, random) }),
    (index: number) => ({ dataset: datasets[index], store: oneOf(stores, random) }),
    (index: number) => ({ dataset: datasets[index], category: oneOf(categories, random) }),
    (index: number) => ({
      store: stores[index % stores.length],
      category: oneOf(categories, random),
      dataset: datasets[index],
    }),
    (index: number) => ({ field: fields[index], purpose: oneOf(purposes, random) }),
  ];
  for (let index = 0; index < count - 1; index += 1)
    rules.set(`r${index}`, {
      match: matches[index % matches.length]?.(index) ?? {},
      keep: `P${1 + (index % 300)}M`,
    });
  return {
    purposes: Object.fromEntries(purposes.map((name) => [name, { title: name, legalBasis: 'consent' }])),
    retention: { ...Object.fromEntries(rules), least: { match: { category: 'system' }, atLeast: 'P1D' } },
    erasure: {
      everything: {},
      contracts: { match: { category: 'user.contact' }, then: { retain: { basis: 'contract' } } },
    },
  };
}

function list(letter: string, count: number): readonly string[] {
  return Array.from({ length: Math.max(1, Math.ceil(count)) }, (_, index) => `${letter}${index}`);
}
