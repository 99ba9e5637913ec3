import { createPublicKey, type KeyObject } from 'node:crypto';
import { z } from 'zod';
import type { Fault } from '#kernel';

/** The signatures that an issuer may be trusted with (RFC 7518, RFC 8037, RFC 9864): all asymmetric, never `none`. */
export const algorithms = [
  'EdDSA',
  'Ed25519',
  'ES256',
  'ES384',
  'ES512',
  'PS256',
  'PS384',
  'PS512',
  'RS256',
  'RS384',
  'RS512',
] as const;
export type Algorithm = (typeof algorithms)[number];

/** A public key (RFC 7517, RFC 7518 section 6), with the members that we use and no other. */
export interface PublicKey {
  readonly kty: string;
  readonly kid?: string;
  readonly alg?: Algorithm;
  readonly crv?: string;
  readonly x?: string;
  readonly y?: string;
  readonly n?: string;
  readonly e?: string;
}

export interface PublicKeys {
  readonly keys: readonly PublicKey[];
}

export const mostKeys = 20;
const leastBits = 2_048;
/** A longer modulus costs whoever verifies more than it protects. */
const mostBits = 8_192;

/** Members of private and symmetric keys (RFC 7518 section 6, RFC 9964). */
const secretMembers = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k', 'priv'] as const;

const number = z.string().regex(/^[A-Za-z0-9_-]+$/);
/** Members that we do not know are ignored, as RFC 7517 section 4 demands. */
const shape = z.object({
  kty: z.enum(['EC', 'OKP', 'RSA']),
  kid: z
    .string()
    .regex(/^[^\p{C}]{1,256}$/u)
    .exactOptional(),
  alg: z.enum(algorithms).exactOptional(),
  use: z.literal('sig').exactOptional(),
  key_ops: z
    .array(z.string())
    .max(10)
    .refine((operations) => operations.includes('verify'))
    .exactOptional(),
  crv: z.enum(['P-256', 'P-384', 'P-521', 'Ed25519']).exactOptional(),
  x: number.max(100).exactOptional(),
  y: number.max(100).exactOptional(),
  n: number.max(2_048).exactOptional(),
  e: number.max(12).exactOptional(),
});

const names = shape.pick({ kid: true, alg: true });
const material = shape.pick({ kty: true, crv: true, x: true, y: true, n: true, e: true });

/** Each message says what is expected: a value that was sent may be a secret, and is never repeated. */
const expected: Readonly<Record<string, string>> = {
  kty: 'must be EC, OKP or RSA',
  kid: 'must be a text of 1 to 256 characters',
  alg: `must be one of ${algorithms.join(', ')}`,
  use: 'must be sig',
  key_ops: 'must contain verify',
  crv: 'must be P-256, P-384, P-521 or Ed25519',
};

/** Reads a JSON Web Key Set for signatures by some of `allowed`. Every fault is named, and no part of a key is quoted. */
export function readPublicKeys(
  jwks: unknown,
  allowed: readonly string[],
): { readonly keys: PublicKeys; readonly faults: readonly Fault[] } {
  const entries: unknown = isObject(jwks) ? jwks['keys'] : undefined;
  if (!Array.isArray(entries) || entries.length < 1 || entries.length > mostKeys) {
    const fault = { pointer: '/jwks/keys', message: `must be a list of 1 to ${mostKeys} public keys` };
    return { keys: { keys: [] }, faults: [fault] };
  }
  const read = entries.map((entry: unknown, index) => readKey(entry, `/jwks/keys/${index}`, allowed));
  const keys = read.flatMap(({ key }) => (key === undefined ? [] : [key]));
  const faults = read.flatMap((one) => one.faults);
  return { keys: { keys }, faults: faults.length > 0 ? faults : indistinct(keys) };
}

interface ReadKey {
  readonly key?: PublicKey;
  readonly faults: readonly Fault[];
}

function readKey(entry: unknown, pointer: string, allowed: readonly string[]): ReadKey {
  if (!isObject(entry)) return { faults: [{ pointer, message: 'must be a JSON Web Key' }] };
  const secrets = secretMembers.filter((member) => Object.hasOwn(entry, member));
  if (secrets.length > 0) {
    return {
      faults: secrets.map((member) => ({
        pointer: `${pointer}/${member}`,
        message:
          'is part of a secret key: send the public key only, and make a new pair, for this one has left its place',
      })),
    };
  }
  if (entry['kty'] === 'oct')
    return { faults: [{ pointer: `${pointer}/kty`, message: 'a symmetric key cannot be trusted' }] };
  const { data: parsed, error } = shape.safeParse(entry);
  if (parsed === undefined) {
    return {
      faults: error.issues.map(({ path: [member = ''] }) => ({
        pointer: `${pointer}/${String(member)}`,
        message: expected[String(member)] ?? 'must be a number in base64url',
      })),
    };
  }
  return examine(parsed, pointer, allowed);
}

function examine(parsed: z.infer<typeof shape>, pointer: string, allowed: readonly string[]): ReadKey {
  const { alg } = parsed;
  const imported = importKey(material.parse(parsed));
  if (imported === undefined) return { faults: [{ pointer, message: 'is not a public key' }] };
  const weakness = weaknessOf(imported, pointer);
  if (weakness !== undefined) return { faults: [weakness] };
  const fitting = algorithmsOf(imported).filter((algorithm) => allowed.includes(algorithm));
  if (fitting.length === 0) return { faults: [{ pointer, message: 'fits none of the algorithms' }] };
  if (alg !== undefined && !fitting.includes(alg))
    return {
      faults: [{ pointer: `${pointer}/alg`, message: 'is none of the algorithms that the key fits' }],
    };
  // As the library writes it: one spelling, whatever was sent.
  const exported = imported.export({ format: 'jwk' });
  return { key: { ...material.parse(exported), ...names.parse(parsed) }, faults: [] };
}

function importKey(jwk: z.infer<typeof material>): KeyObject | undefined {
  try {
    return createPublicKey({ key: jwk, format: 'jwk' });
  } catch {
    // OpenSSL's words may quote the key.
    return undefined;
  }
}

function weaknessOf(key: KeyObject, pointer: string): Fault | undefined {
  const { modulusLength, publicExponent } = key.asymmetricKeyDetails ?? {};
  if (modulusLength === undefined || publicExponent === undefined) return undefined;
  if (modulusLength < leastBits || modulusLength > mostBits)
    return { pointer: `${pointer}/n`, message: `must have ${leastBits} to ${mostBits} bits` };
  // With the exponent 1 every text is its own signature.
  if (publicExponent < 3n || publicExponent % 2n === 0n)
    return { pointer: `${pointer}/e`, message: 'must be odd and at least 3' };
  return undefined;
}

function algorithmsOf(key: KeyObject): readonly Algorithm[] {
  const curve = key.asymmetricKeyDetails?.namedCurve;
  if (key.asymmetricKeyType === 'ed25519') return ['EdDSA', 'Ed25519'];
  if (key.asymmetricKeyType === 'rsa') return ['PS256', 'PS384', 'PS512', 'RS256', 'RS384', 'RS512'];
  if (curve === 'prime256v1') return ['ES256'];
  if (curve === 'secp384r1') return ['ES384'];
  return curve === 'secp521r1' ? ['ES512'] : [];
}

/** With several keys, a token says by `kid` which one signed it, so each needs a name of its own. */
function indistinct(keys: readonly PublicKey[]): readonly Fault[] {
  if (keys.length < 2) return [];
  const message = 'each of several keys needs a kid of its own';
  return keys.flatMap(({ kid }, index) =>
    kid === undefined || keys.findIndex((other) => other.kid === kid) !== index
      ? [{ pointer: `/jwks/keys/${index}/kid`, message }]
      : [],
  );
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
