import { z } from 'zod';
import type { Json, JsonObject } from '#kernel';

/** A field that a standard demands, and where a document of ours holds it. */
export interface MandatoryField {
  /** As the standard calls it. */
  readonly field: string;
  /**
   * JSON Pointers of which each must lead to something; a segment `*` stands for every item of a list, which has at least
   * one, and `a|b` for either member.
   */
  readonly paths: readonly string[];
}

/** One place of a document that a path leads to; undefined where there is nothing. */
interface Place {
  readonly value: Json | undefined;
  readonly at: readonly (string | number)[];
}

/** Every place of a document that a path leads to, the empty ones included. */
export function placesAt(document: Json, path: string): readonly Place[] {
  return path
    .slice(1)
    .split('/')
    .reduce<readonly Place[]>(
      (places, segment) => places.flatMap((place) => step(place, segment)),
      [{ value: document, at: [] }],
    );
}

function step({ value, at }: Place, segment: string): readonly Place[] {
  if (segment === '*') {
    const items = isList(value) ? value : [];
    return items.length > 0
      ? items.map((item, index) => ({ value: item, at: [...at, index] }))
      : [{ value: undefined, at }];
  }
  const found = segment
    .split('|')
    .map((name) => memberOf(value, name))
    .find((member) => !isEmpty(member));
  return [{ value: found, at: [...at, segment] }];
}

function memberOf(value: Json | undefined, name: string): Json | undefined {
  if (isList(value)) return value[Number(name)];
  return isObject(value) && Object.hasOwn(value, name) ? value[name] : undefined;
}

/** Nothing, a blank text, an empty list or an empty object. A false and a zero are something. */
export function isEmpty(value: Json | undefined): boolean {
  if (value === undefined || value === null) return true;
  if (typeof value === 'string') return value.trim() === '';
  if (isList(value)) return value.length === 0;
  return isObject(value) && Object.keys(value).length === 0;
}

function isList(value: Json | undefined): value is readonly Json[] {
  return Array.isArray(value);
}

function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !isList(value);
}

/**
 * The fields that a document leaves empty. `owners` names the items of its lists, by the list's member: which purpose it is
 * that lacks something.
 */
export function missingFields(
  document: JsonObject,
  fields: readonly MandatoryField[],
  owners: Readonly<Record<string, readonly string[]>>,
): readonly string[] {
  const missing = fields.flatMap(({ field, paths }) =>
    paths
      .flatMap((path) => placesAt(document, path))
      .filter(({ value }) => isEmpty(value))
      .map(({ at }) => [field, ownerOf(at, owners)].filter((part) => part !== undefined).join(': ')),
  );
  return [...new Set(missing)];
}

function ownerOf(
  at: readonly (string | number)[],
  owners: Readonly<Record<string, readonly string[]>>,
): string | undefined {
  const index = at.findIndex((part, depth) => typeof part === 'number' && typeof at[depth - 1] === 'string');
  const list = at[index - 1];
  const item = at[index];
  return typeof list === 'string' && typeof item === 'number' ? owners[list]?.[item] : undefined;
}

/** An object of the members that hold something. */
export function present(members: Readonly<Record<string, Json | undefined>>): JsonObject {
  const held: Record<string, Json> = {};
  for (const [name, value] of Object.entries(members))
    if (value !== undefined && !isEmpty(value)) held[name] = value;
  return held;
}

/** A text with something in it that UTF-8 can carry; undefined otherwise. */
export function text(value: string | null | undefined): string | undefined {
  const trimmed = value?.trim();
  return trimmed !== undefined && trimmed !== '' && trimmed.isWellFormed() ? trimmed : undefined;
}

export function texts(values: readonly string[]): readonly string[] {
  return values.map(text).filter((value) => value !== undefined);
}

const uri =
  /^https?:\/\/[A-Za-z0-9.:@_~-]+(?:\/(?:[\w.~!$&'()*+,;=:@/-]|%[\dA-Fa-f]{2})*)?(?:\?(?:[\w.~!$&'()*+,;=:@/?-]|%[\dA-Fa-f]{2})*)?(?:#(?:[\w.~!$&'()*+,;=:@/?-]|%[\dA-Fa-f]{2})*)?$/;

/** An http or https URI (RFC 3986); what lies outside of ASCII is encoded. */
export function address(value: string | undefined): string | undefined {
  const written = text(value);
  if (written === undefined || !URL.canParse(written)) return undefined;
  return [written, new URL(written).href].find((one) => uri.test(one));
}

const mailbox = z.email().max(254);

export function email(value: string | undefined): string | undefined {
  return mailbox.safeParse(value).data;
}

/** RFC 3339 in UTC; undefined for what is no moment of the years 0 to 9999. */
export function moment(at: Date | null | undefined): string | undefined {
  if (at === null || at === undefined || Number.isNaN(at.getTime())) return undefined;
  const written = at.toISOString();
  return /^\d/.test(written) ? written : undefined;
}

/** An ISO 8601 duration above zero. */
export function duration(value: string | null | undefined): string | undefined {
  if (value === null || value === undefined) return undefined;
  const whole =
    /^P(?=.)(?:\d{1,9}Y)?(?:\d{1,9}M)?(?:\d{1,9}W)?(?:\d{1,9}D)?(?:T(?=.)(?:\d{1,9}H)?(?:\d{1,9}M)?(?:\d{1,9}(?:\.\d{1,9})?S)?)?$/;
  return whole.test(value) && /[1-9]/.test(value) ? value : undefined;
}

/** A BCP 47 tag. */
export function language(value: string | null | undefined): string | undefined {
  if (value === null || value === undefined) return undefined;
  return /^[A-Za-z]{2,3}(?:-[A-Za-z0-9]{1,8}){0,5}$/.test(value) ? value : undefined;
}
