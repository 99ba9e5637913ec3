import { Temporal } from 'temporal-polyfill';

/**
 * Calendar arithmetic in UTC. Months and years end on the last day where the day does not exist (31 January plus one
 * month is the last of February). Durations are ISO 8601.
 */
export function addDuration(at: Date, duration: string): Date {
  return toDate(utc(at).add(duration));
}

/**
 * The half-open end of a retention period: signals collected strictly before this moment have been kept long enough.
 */
export function cutOff(now: Date, keep: string): Date {
  return toDate(utc(now).subtract(keep));
}

function utc(at: Date): Temporal.ZonedDateTime {
  return Temporal.Instant.fromEpochMilliseconds(at.getTime()).toZonedDateTimeISO('UTC');
}

function toDate(at: Temporal.ZonedDateTime): Date {
  return new Date(at.epochMilliseconds);
}
