import type { Row } from '../harness.js';

/**
 * What a peer's figure answers, and so which of ours it stands beside: consents recorded per second; decisions per
 * second with the database behind them; and of the question in process, how many per second and how long one takes.
 */
export const questions = ['record', 'decision', 'may', 'may p50', 'may p99'] as const;
export type Question = (typeof questions)[number];

export interface PeerFigure {
  /** The package and its version. */
  readonly peer: string;
  readonly question: Question;
  readonly name: string;
  /** Median of the rounds. */
  readonly value: number;
  readonly unit: string;
  /** (Largest - smallest) / median over the rounds. */
  readonly spread: number;
  readonly note: string;
}

/** What Lethe needed for the same question in the same run. The unit must be the peer's: `/s`, or `ns` for p50 and p99. */
export type OurFigures = Readonly<Partial<Record<Question, Pick<Row, 'name' | 'value' | 'unit' | 'spread'>>>>;

/**
 * One row for each figure: the value is ours, the floor the peer's, the ratio ours / theirs. Where we have no figure
 * the peer's stands alone. The two were measured one after the other and not in turns, so that their spreads add up.
 * Throws a RangeError when the units differ.
 */
export function ratioRows(figures: readonly PeerFigure[], ours: OurFigures): readonly Row[] {
  return figures.map((theirs) => {
    const { peer, value, unit, spread, note } = theirs;
    const row = { name: `${peer}, ${theirs.name}`, unit, target: null, ok: null };
    const mine = ours[theirs.question];
    if (mine === undefined) return { ...row, value, floor: null, ratio: null, spread, note };
    if (mine.unit !== unit) throw new RangeError(`${mine.name} is in ${mine.unit}, ${row.name} in ${unit}`);
    return {
      ...row,
      value: mine.value,
      floor: value,
      ratio: mine.value / value,
      spread: mine.spread + spread,
      note: [`ours: ${mine.name}`, note].filter((part) => part !== '').join('; '),
    };
  });
}
