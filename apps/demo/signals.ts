import { createReadStream } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'csv-parse';

/** What a person did with a film; times are Unix seconds, as in the files. */
export interface Rating {
  readonly userId: number;
  readonly movieId: number;
  readonly rating: number;
  readonly timestamp: number;
}

export interface Tag {
  readonly userId: number;
  readonly movieId: number;
  readonly tag: string;
  readonly timestamp: number;
}

export interface Signals {
  readonly origin: string;
  readonly ratings: readonly Rating[];
  readonly tags: readonly Tag[];
  /** Lines that were left out because the person asked for that: where and why. */
  readonly skipped: readonly string[];
}

/** A file that cannot be used, with the file and line at fault. The message is for the person at the terminal. */
export class UnusableSignals extends Error {
  override readonly name = 'UnusableSignals';
}

type Row = readonly string[];

/** What to do with a line that is not what the header says: refuse the file, or leave the line out and remember it. */
type Fault = (error: UnusableSignals) => void;

/**
 * Reads MovieLens-shaped ratings.csv and tags.csv. Throws UnusableSignals at the first malformed line, unless such
 * lines are to be skipped; a missing file or a wrong header is refused either way.
 */
export async function readSignals(folder: string, skipMalformed: boolean): Promise<Signals> {
  const ratings: Rating[] = [];
  const tags: Tag[] = [];
  const skipped: string[] = [];
  const fault: Fault = (error) => {
    if (!skipMalformed) throw error;
    skipped.push(error.message);
  };
  await readRows(
    join(folder, 'ratings.csv'),
    ['userId', 'movieId', 'rating', 'timestamp'],
    fault,
    (row, where) => {
      const rating = decimal(row[2], 'rating', where);
      ratings.push({ ...key(row, where), rating, timestamp: whole(row[3], 'timestamp', where) });
    },
  );
  await readRows(join(folder, 'tags.csv'), ['userId', 'movieId', 'tag', 'timestamp'], fault, (row, where) => {
    tags.push({ ...key(row, where), tag: row[2] ?? '', timestamp: whole(row[3], 'timestamp', where) });
  });
  if (ratings.length === 0) throw new UnusableSignals(`${join(folder, 'ratings.csv')} has no rows`);
  return { origin: folder, ratings, tags, skipped };
}

async function readRows(
  file: string,
  header: Row,
  fault: Fault,
  take: (row: Row, where: string) => void,
): Promise<void> {
  const parser = parse({ info: true, relax_column_count: true, skip_empty_lines: true, bom: true });
  const source = createReadStream(file);
  source.on('error', (error) => parser.destroy(error));
  source.pipe(parser);
  let first = true;
  try {
    for await (const record of parser) {
      const { row, line } = readRecord(record);
      const where = `${file}, line ${line}`;
      if (!first) takeRow(row, header, where, fault, take);
      else if (row.join(',') !== header.join(',')) {
        throw new UnusableSignals(`${where}: the header must be ${header.join(',')}`);
      }
      first = false;
    }
  } catch (error) {
    throw readable(error, file);
  }
  if (first) throw new UnusableSignals(`${file} is empty`);
}

function takeRow(
  row: Row,
  header: Row,
  where: string,
  fault: Fault,
  take: (row: Row, where: string) => void,
): void {
  try {
    if (row.length !== header.length) {
      throw new UnusableSignals(`${where}: ${header.length} fields expected, ${row.length} found`);
    }
    take(row, where);
  } catch (error) {
    if (!(error instanceof UnusableSignals)) throw error;
    fault(error);
  }
}

function readRecord(value: unknown): { readonly row: readonly string[]; readonly line: number } {
  if (typeof value !== 'object' || value === null || !('record' in value) || !('info' in value))
    throw new TypeError('not a CSV record');
  const { record, info } = value;
  const line = typeof info === 'object' && info !== null && 'lines' in info ? Number(info.lines) : 0;
  return { row: Array.isArray(record) ? record.map(String) : [], line };
}

function readable(error: unknown, file: string): Error {
  if (error instanceof UnusableSignals) return error;
  if (error instanceof Error && 'code' in error) {
    if (error.code === 'ENOENT') return new UnusableSignals(`${file} does not exist`);
    if ('lines' in error)
      return new UnusableSignals(
        `${file}, line ${Number(error.lines)}: not valid CSV (${String(error.code)})`,
      );
    return new UnusableSignals(`${file} cannot be read (${String(error.code)})`);
  }
  return error instanceof Error ? error : new Error('unreadable');
}

function key(row: readonly string[], where: string): { readonly userId: number; readonly movieId: number } {
  return { userId: whole(row[0], 'userId', where), movieId: whole(row[1], 'movieId', where) };
}

function whole(text: string | undefined, field: string, where: string): number {
  if (text === undefined || !/^\d{1,10}$/.test(text))
    throw new UnusableSignals(`${where}: ${field} is not a whole number`);
  return Number(text);
}

function decimal(text: string | undefined, field: string, where: string): number {
  if (text === undefined || !/^\d{1,3}(\.\d{1,3})?$/.test(text))
    throw new UnusableSignals(`${where}: ${field} is not a number`);
  return Number(text);
}

const people = 300;
const from = Date.UTC(1996, 2, 29) / 1_000;
const to = Date.UTC(2018, 8, 24) / 1_000;
const words = [
  'funny',
  'dark',
  'slow',
  'classic',
  'space',
  'noir',
  'romance',
  'twist',
  'music',
  'family',
  'heist',
  'animation',
];

/** Signals of the same shape from a fixed seed, for when no folder was named. */
export function generateSignals(seed = 20_240_229): Signals {
  const random = mulberry32(seed);
  const pick = (most: number) => Math.floor(random() * most);
  const when = () => from + pick(to - from);
  const ratings: Rating[] = [];
  const tags: Tag[] = [];
  for (let userId = 1; userId <= people; userId++) {
    const films = new Set(Array.from({ length: 20 + pick(200) }, () => 1 + pick(9_000)));
    for (const movieId of films) {
      ratings.push({ userId, movieId, rating: 0.5 + pick(10) / 2, timestamp: when() });
      if (random() < 0.04)
        tags.push({ userId, movieId, tag: words[pick(words.length)] ?? 'film', timestamp: when() });
    }
  }
  return { origin: `generated from seed ${seed}`, ratings, tags, skipped: [] };
}

/** A small well-known generator: the same numbers on every machine. */
function mulberry32(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
