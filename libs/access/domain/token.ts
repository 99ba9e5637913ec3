import { z } from 'zod';
import type { Issuer } from './issuer.js';
import { staffRoles, type Role } from './roles.js';

/** In bytes. A token with fifty groups has about three thousand. */
export const longestToken = 8_192;
/** How far the clock of an issuer may be from ours, either way, in seconds. */
export const clockSkew = 30;
/** How long a host's token may live, in seconds: it cannot be revoked, so it must end. */
export const longestHostToken = 900;
const longestSubject = 1_024;

/** What an unverified token says of itself; good for finding the issuer's row, and for nothing else. */
export interface ClaimedToken {
  readonly issuer: string;
  readonly audiences: readonly string[];
}

/** Whom a verified token speaks for. */
export interface TokenHolder {
  readonly subject: string;
  readonly roles: readonly Role[];
  readonly identifier: { readonly type: string; readonly value: string } | null;
}

const texts = z.array(z.string());
const claimed = z.object({ iss: z.string(), aud: z.union([z.string(), texts]) });

/**
 * Takes a token of unknown origin apart; undefined for what cannot be one. Exactly one text stands for each token:
 * base64url without slack in the last character (RFC 4648 section 3.5), and no member twice, which two readers could
 * read differently (RFC 8725 section 2.4).
 */
export function takeApart(token: string): ClaimedToken | undefined {
  // All of a token is ASCII, so its length counts its bytes.
  if (token.length > longestToken || !/^[\w-]+\.[\w-]+\.[\w-]+$/.test(token)) return undefined;
  const parts = token.split('.').map((part) => Buffer.from(part, 'base64url'));
  if (parts.map((part) => part.toString('base64url')).join('.') !== token) return undefined;
  const [header, payload] = parts.map((part) => readObject(part));
  const { data } = claimed.safeParse(payload);
  if (header === undefined || data === undefined) return undefined;
  return { issuer: data.iss, audiences: typeof data.aud === 'string' ? [data.aud] : data.aud };
}

function readObject(bytes: Buffer): object | undefined {
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && namesMembersOnce(text, value) ? value : undefined;
  } catch {
    return undefined;
  }
}

/**
 * Whether no object of a JSON text has two members of one name: of those the parser keeps one, so the parsed value then
 * has fewer members than the text has colons outside of its strings.
 */
export function namesMembersOnce(text: string, parsed: unknown): boolean {
  const colons = text.replaceAll(/"(?:[^"\\]|\\.)*"/g, '').match(/:/g) ?? [];
  let members = 0;
  const open: unknown[] = [parsed];
  for (let value = open.pop(); value !== undefined; value = open.pop()) {
    if (typeof value !== 'object' || value === null) continue;
    const inside: unknown[] = Object.values(value);
    if (!Array.isArray(value)) members += inside.length;
    open.push(...inside);
  }
  return members === colons.length;
}

const claims = z.object({
  sub: z.string().refine(isSubject),
  exp: z.number(),
  iat: z.number().optional(),
});

/**
 * What a token whose signature, issuer, audience, expiry and beginning were verified says of its holder, by the rules of
 * its issuer. Undefined when it says nothing that counts. `payload` is the claims set (RFC 7519 section 4).
 */
export function readHolder(issuer: Issuer, payload: object, now: Date): TokenHolder | undefined {
  const { data } = claims.safeParse(payload);
  if (data === undefined) return undefined;
  const seconds = now.getTime() / 1_000;
  // A token from the future could live as long as it likes.
  if (data.exp <= seconds - clockSkew || (data.iat !== undefined && data.iat > seconds + clockSkew))
    return undefined;
  return issuer.kind === 'host' ? readPerson(issuer, data) : readStaff(issuer, data.sub, payload);
}

function readPerson(issuer: Issuer, { sub, exp, iat }: z.infer<typeof claims>): TokenHolder | undefined {
  if (issuer.identifierType === null || iat === undefined || exp <= iat || exp - iat > longestHostToken)
    return undefined;
  return { subject: sub, roles: ['person'], identifier: { type: issuer.identifierType, value: sub } };
}

function readStaff(issuer: Issuer, subject: string, payload: object): TokenHolder | undefined {
  const { roleClaim, roleMap } = issuer;
  if (roleClaim === null || roleMap === null) return undefined;
  const found = memberOf(payload, roleClaim);
  const groups = typeof found === 'string' ? [found] : (texts.safeParse(found).data ?? []);
  const reached = groups.flatMap((group) => {
    const role = Object.hasOwn(roleMap, group) ? roleMap[group] : undefined;
    return role === undefined ? [] : [role];
  });
  const roles = staffRoles.filter((role) => reached.includes(role));
  return roles.length === 0 ? undefined : { subject, roles, identifier: null };
}

/** By name, or by JSON Pointer (RFC 6901) when it begins with a slash, as groups of some providers lie deeper. */
function memberOf(payload: object, claim: string): unknown {
  const path = claim.startsWith('/')
    ? claim
        .slice(1)
        .split('/')
        .map((step) => step.replaceAll('~1', '/').replaceAll('~0', '~'))
    : [claim];
  let value: unknown = payload;
  for (const step of path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, step)) return undefined;
    value = Reflect.get(value, step);
  }
  return value;
}

/**
 * Whether a `sub` can name somebody: not blank, and storable as it is. Half a surrogate pair would become the same
 * replacement character for everyone.
 */
function isSubject(text: string): boolean {
  return (
    text.trim() !== '' &&
    text.isWellFormed() &&
    !text.includes('\0') &&
    Buffer.byteLength(text.normalize('NFC'), 'utf8') <= longestSubject
  );
}
