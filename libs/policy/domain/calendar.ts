import { Temporal } from 'temporal-polyfill';

/**
 * Calendar arithmetic in UTC. Months and years end on the last day where the day does not exist (31 January plus one
 * month is the last of February). Durations are ISO 8601.
 */
export function addDuration(at: Date, duration: string): Date {
  return toDate(utc(at).add(duration));
}

/**
 * The half-open end of a retention period: signals collected strictly before this moment have been kept long enough. What
 * was collected on 31 January and is kept for a month is due when February is over (Regulation (EEC) 1182/71, Art. 3(2)(c)).
 */
export function cutOff(now: Date, keep: string): Date {
  return toDate(utc(now).subtract(keep));
}

const day = 86_400_000;
/** Adding a period to a moment, and subtracting it from a later one, differ by a few days at most: months do. */
const widest = 6;

/** The first moment at which something collected at `from` has been kept for `keep`: when the cut-off first passes it. */
export function dueFrom(from: Date, keep: string): Date {
  const first = utc(from).add(keep).startOfDay().subtract({ days: widest });
  for (let index = 0; index <= 2 * widest; index += 1) {
    // Within a day the cut-off moves on as the clock does.
    const start = toDate(first.add({ days: index }));
    const wait = Math.max(0, from.getTime() - cutOff(start, keep).getTime() + 1);
    if (wait < day) return new Date(start.getTime() + wait);
  }
  throw new RangeError('a period that does not end where it should');
}

export function isPositiveDuration(text: string): boolean {
  try {
    return Temporal.Duration.from(text).sign > 0;
  } catch {
    return false;
  }
}

/** A period in the units that do not turn into each other. */
interface Units {
  readonly months: number;
  readonly milliseconds: number;
}

/** Every month's end and every leap day that the calendar has is within four years of days. */
const firstDay = Temporal.PlainDate.from('2023-01-01');
const days = 1_461;
const answers = new Map<string, boolean>();
const mostAnswers = 10_000;

/**
 * Whether one period is at least as long as another wherever on the calendar both begin. P1M is not always at least
 * P30D, and P12M is always P1Y.
 */
export function neverBelow(period: string, least: string): boolean {
  const [a, b] = [unitsOf(period), unitsOf(least)];
  const months = a.months - b.months;
  const rest = a.milliseconds - b.milliseconds;
  if (months >= 0 && rest >= 0) return true;
  if (months <= 0 && rest <= 0) return false;
  // No run of months is ever further from its mean of 30.44 days than three days.
  const surplus = months * 30.436875 * day + rest;
  if (Math.abs(surplus) > 7 * day) return surplus > 0;
  return remembered(`${period} ${least}`, () => everywhereAtLeast(period, least));
}

function unitsOf(period: string): Units {
  const { years, months, weeks, days: full, ...time } = unitValues(Temporal.Duration.from(period));
  return { months: years * 12 + months, milliseconds: (weeks * 7 + full) * day + time.milliseconds };
}

function unitValues(duration: Temporal.Duration) {
  const { years, months, weeks, days: full } = duration;
  const time = duration.with({ years: 0, months: 0, weeks: 0, days: 0 });
  return { years, months, weeks, days: full, milliseconds: time.total('milliseconds') };
}

function everywhereAtLeast(period: string, least: string): boolean {
  for (let index = 0; index < days; index += 1) {
    const start = firstDay.add({ days: index }).toZonedDateTime('UTC');
    if (Temporal.ZonedDateTime.compare(start.add(period), start.add(least)) < 0) return false;
  }
  return true;
}

function remembered(key: string, answer: () => boolean): boolean {
  const known = answers.get(key);
  if (known !== undefined) return known;
  if (answers.size >= mostAnswers) answers.clear();
  const found = answer();
  answers.set(key, found);
  return found;
}

function utc(at: Date): Temporal.ZonedDateTime {
  return Temporal.Instant.fromEpochMilliseconds(at.getTime()).toZonedDateTimeISO('UTC');
}

function toDate(at: Temporal.ZonedDateTime): Date {
  return new Date(at.epochMilliseconds);
}
