import { maximum, median, minimum } from './statistics.js';

/** One line of an area's table. */
export interface Row {
  readonly name: string;
  /** Median of the rounds. */
  readonly value: number;
  readonly unit: string;
  /** Median of the floor's rounds; null where there is no floor. */
  readonly floor: number | null;
  /** Median of value / floor, round by round: the two of a round ran one after the other, on the same machine's mood. */
  readonly ratio: number | null;
  /** What the ratio, or without a floor the value, has to be; null where nothing was promised. */
  readonly target: string | null;
  readonly ok: boolean | null;
  /** (Largest - smallest) / median over the rounds, of the ratio where there is one and of the value otherwise. */
  readonly spread: number;
  readonly note: string;
}

export interface Pace {
  /** At least five, but for a run that only shows that it runs. */
  readonly rounds: number;
  /** Rounds before them that are not kept. */
  readonly warmUps: number;
  /** How long one round of load lasts, in seconds. */
  readonly roundSeconds: number;
  /** How long one round of calls in this process lasts, in milliseconds. */
  readonly callMilliseconds: number;
}

/** What an area gets to work with. */
export interface AreaOptions {
  readonly pace: Pace;
  /** Whether data and rounds are cut down to what shows that it runs. */
  readonly quick: boolean;
  /** The parts of the area to measure; none: all of them. */
  readonly parts: readonly string[];
  readonly say: (line: string) => void;
}

/** Short rounds, and many: what disturbs the machine meanwhile then disturbs a figure and its floor alike. */
export const fullPace: Pace = { warmUps: 3, rounds: 25, roundSeconds: 1, callMilliseconds: 100 };
export const quickPace: Pace = { warmUps: 1, rounds: 2, roundSeconds: 0.4, callMilliseconds: 20 };

/** What an area found, and the versions of the servers that it ran on. */
export interface AreaResult {
  readonly rows: readonly Row[];
  readonly versions: Readonly<Record<string, string>>;
}

/** Something that is measured once per round. */
export class Series<Figures> {
  readonly rounds: Figures[] = [];

  constructor(private readonly measure: () => Promise<Figures>) {}

  async warmUp(): Promise<void> {
    await this.measure();
  }

  async round(): Promise<void> {
    this.rounds.push(await this.measure());
  }

  of(pick: (figures: Figures) => number): readonly number[] {
    return this.rounds.map(pick);
  }
}

/** Measures all series round by round; who goes first changes from round to round. */
export async function alternate(
  series: readonly Pick<Series<unknown>, 'warmUp' | 'round'>[],
  { warmUps, rounds }: Pick<Pace, 'warmUps' | 'rounds'>,
): Promise<void> {
  for (let round = 0; round < warmUps; round += 1) for (const one of series) await one.warmUp();
  for (let round = 0; round < rounds; round += 1) {
    const first = round % series.length;
    for (const one of [...series.slice(first), ...series.slice(0, first)]) await one.round();
  }
}

type Target = { readonly atMost: number } | { readonly atLeast: number };

interface Named {
  readonly name: string;
  readonly unit: string;
  readonly note?: string;
}

/** A figure beside its floor, with what was promised of the ratio. */
export function compare(
  named: Named & { readonly target?: Target },
  values: readonly number[],
  floors: readonly number[],
): Row {
  const ratios = values.map((value, round) => value / (floors[round] ?? Number.NaN));
  const ratio = median(ratios);
  return {
    ...alone(named, values),
    floor: median(floors),
    ratio,
    ...judge(ratio, named.target),
    spread: spreadOf(ratios),
  };
}

/** A figure that has no floor; what was promised is promised of the figure itself. */
export function alone(
  { name, unit, note, target }: Named & { readonly target?: Target },
  values: readonly number[],
): Row {
  const value = median(values);
  return {
    name,
    value,
    unit,
    floor: null,
    ratio: null,
    ...judge(value, target),
    spread: spreadOf(values),
    note: note ?? '',
  };
}

function judge(ratio: number, target: Target | undefined): Pick<Row, 'target' | 'ok'> {
  if (target === undefined) return { target: null, ok: null };
  return 'atMost' in target
    ? { target: `<= ${target.atMost.toFixed(2)}`, ok: ratio <= target.atMost }
    : { target: `>= ${target.atLeast.toFixed(2)}`, ok: ratio >= target.atLeast };
}

function spreadOf(values: readonly number[]): number {
  return (maximum(values) - minimum(values)) / median(values);
}

/** The last result, where anyone might look for it: so no call can be optimised away. */
const kept: unknown[] = [];

/** Calls again and again for the given time; answers nanoseconds per call. */
export function timeCalls(call: () => unknown, milliseconds: number): number {
  const betweenLooks = 1_000;
  const began = performance.now();
  let calls = 0;
  let now = began;
  while (now < began + milliseconds) {
    for (let index = 0; index < betweenLooks; index += 1) kept[0] = call();
    calls += betweenLooks;
    now = performance.now();
  }
  return ((now - began) * 1e6) / calls;
}

/** The same for what answers later: one at a time. */
export async function timeAnswers(call: () => Promise<unknown>, milliseconds: number): Promise<number> {
  const began = performance.now();
  let calls = 0;
  let now = began;
  while (now < began + milliseconds) {
    kept[0] = await call();
    calls += 1;
    now = performance.now();
  }
  return ((now - began) * 1e6) / calls;
}
