import { DomainError, type Fault } from '#kernel';
import { algorithms, readPublicKeys, type Algorithm, type PublicKeys } from './public-keys.js';
import { staffRoles, type StaffRole } from './roles.js';

/**
 * `oidc`: an OpenID provider, at which a tenant's staff signs in. `host`: the tenant's own application, which signs a
 * short-lived token for one of its people.
 */
export const issuerKinds = ['oidc', 'host'] as const;
export type IssuerKind = (typeof issuerKinds)[number];

/** Whose tokens a tenant trusts, and how far. A row never changes but to be revoked. */
export interface Issuer {
  readonly id: string;
  readonly kind: IssuerKind;
  /** What the token's `iss` must be, to the letter. */
  readonly issuer: string;
  /** What the token's `aud` must name. */
  readonly audience: string;
  readonly algorithms: readonly Algorithm[];
  /** Null where they are discovered (OpenID Connect Discovery 1.0). */
  readonly jwks: PublicKeys | null;
  /** OpenID provider: the member of the token that names groups, or a JSON Pointer (RFC 6901) to it. */
  readonly roleClaim: string | null;
  /** OpenID provider: the role that each group leads to. */
  readonly roleMap: Readonly<Record<string, StaffRole>> | null;
  /** Host: the type of the identifier in `sub`. */
  readonly identifierType: string | null;
}

/** What an administrator sends; nothing of it is believed yet, and null is the same as nothing. */
export interface ProposedIssuer {
  readonly kind: IssuerKind;
  readonly issuer: string;
  readonly audience: string;
  readonly algorithms: readonly string[];
  readonly jwks?: unknown;
  readonly roleClaim?: string | null | undefined;
  readonly roleMap?: unknown;
  readonly identifierType?: string | null | undefined;
}

const mostGroups = 100;
const visibleText = /^[!-~]{1,255}$/;
const loopback: readonly string[] = ['127.0.0.1', '[::1]', 'localhost'];

type ByKind = Pick<Issuer, 'roleClaim' | 'roleMap' | 'identifierType'>;

/** Throws DomainError invalid `issuer.invalid` with every fault and its place; no key and no value is quoted. */
export function checkIssuer(proposed: ProposedIssuer): Omit<Issuer, 'id'> {
  const { kind, issuer, audience } = proposed;
  const allowed = algorithms.filter((algorithm) => proposed.algorithms.includes(algorithm));
  const jwks = isGiven(proposed.jwks) ? readPublicKeys(proposed.jwks, allowed) : undefined;
  const byKind = kind === 'oidc' ? readProvider(proposed) : readHost(proposed);
  const faults = [
    ...urlFaults(issuer),
    ...textFaults('/audience', audience),
    ...algorithmFaults(proposed.algorithms),
    ...(jwks?.faults ?? []),
    ...byKind.faults,
  ];
  const [first] = faults;
  if (first !== undefined) throw refusal(first, faults);
  return { kind, issuer, audience, algorithms: allowed, jwks: jwks?.keys ?? null, ...byKind.read };
}

/** Whether keys may be fetched from there: over TLS, or from this very machine, for trying things out. */
export function isFetchable(text: string): boolean {
  if (!/^https?:\/\/[!-~]{1,2000}$/.test(text) || /[\\@#]/.test(text) || !URL.canParse(text)) return false;
  const { protocol, hostname } = new URL(text);
  return protocol === 'https:' || loopback.includes(hostname);
}

function refusal(first: Fault, faults: readonly Fault[]): DomainError {
  const sentence = faults.map(({ pointer, message }) => `${pointer} ${message}`).join('; ');
  return new DomainError('invalid', 'issuer.invalid', `the issuer cannot be trusted: ${sentence}`, {
    pointer: first.pointer,
    faults,
  });
}

function urlFaults(issuer: string): readonly Fault[] {
  if (isFetchable(issuer) && !issuer.includes('?')) return [];
  const message =
    'must be an https URL without query and fragment (http only for 127.0.0.1, [::1] and localhost)';
  return [{ pointer: '/issuer', message }];
}

function textFaults(pointer: string, text: string | null | undefined): readonly Fault[] {
  if (typeof text === 'string' && visibleText.test(text)) return [];
  return [{ pointer, message: 'must be 1 to 255 visible ASCII characters' }];
}

function algorithmFaults(given: readonly string[]): readonly Fault[] {
  if (given.length > 0 && given.every((name) => algorithms.some((algorithm) => algorithm === name)))
    return [];
  return [{ pointer: '/algorithms', message: `must be some of ${algorithms.join(', ')}` }];
}

interface ReadByKind {
  readonly read: ByKind;
  readonly faults: readonly Fault[];
}

function readProvider(proposed: ProposedIssuer): ReadByKind {
  const { roleClaim } = proposed;
  const { map, faults } = readRoleMap(proposed.roleMap);
  return {
    read: { roleClaim: roleClaim ?? null, roleMap: map, identifierType: null },
    faults: [...textFaults('/roleClaim', roleClaim), ...faults, ...strayFaults(proposed, ['identifierType'])],
  };
}

/** A host says who its `sub` is, and its keys, which are nowhere to be discovered. */
function readHost(proposed: ProposedIssuer): ReadByKind {
  const { identifierType, jwks } = proposed;
  const named = typeof identifierType === 'string' && /^[a-z][a-z0-9_]{0,62}$/.test(identifierType);
  return {
    read: { roleClaim: null, roleMap: null, identifierType: identifierType ?? null },
    faults: [
      ...(named ? [] : [{ pointer: '/identifierType', message: 'must be a lower-case word' }]),
      ...(isGiven(jwks) ? [] : [{ pointer: '/jwks', message: 'must be the public keys of the host' }]),
      ...strayFaults(proposed, ['roleClaim', 'roleMap']),
    ],
  };
}

/** What belongs to the other kind would be without effect, and its author may think otherwise. */
function strayFaults(proposed: ProposedIssuer, strange: readonly (keyof ByKind)[]): readonly Fault[] {
  return strange
    .filter((member) => isGiven(proposed[member]))
    .map((member) => ({
      pointer: `/${member}`,
      message: `does not belong to an issuer of kind ${proposed.kind}`,
    }));
}

function readRoleMap(given: unknown): {
  readonly map: Readonly<Record<string, StaffRole>>;
  readonly faults: readonly Fault[];
} {
  const entries =
    typeof given === 'object' && given !== null && !Array.isArray(given) ? Object.entries(given) : [];
  if (entries.length < 1 || entries.length > mostGroups)
    return {
      map: {},
      faults: [{ pointer: '/roleMap', message: `must give 1 to ${mostGroups} groups a role` }],
    };
  const faults: Fault[] = [];
  const map: [string, StaffRole][] = [];
  for (const [group, wanted] of entries) {
    const role = staffRoles.find((known) => known === wanted);
    if (!/^[^\p{C}]{1,255}$/u.test(group))
      faults.push({ pointer: '/roleMap', message: 'has a group without a name of 1 to 255 characters' });
    else if (role === undefined)
      faults.push({
        pointer: pointerTo('/roleMap', group),
        message: `must be one of ${staffRoles.join(', ')}`,
      });
    else map.push([group, role]);
  }
  return { map: Object.fromEntries(map), faults };
}

function pointerTo(parent: string, member: string): string {
  return `${parent}/${member.replaceAll('~', '~0').replaceAll('/', '~1')}`;
}

function isGiven(value: unknown): boolean {
  return value !== undefined && value !== null;
}
