import { createPublicKey, type KeyObject } from 'node:crypto';
import {
  CompactSign,
  compactVerify,
  decodeProtectedHeader,
  importJWK,
  type JSONWebKeySet,
  type JWK,
} from 'jose';
import { z } from 'zod';
import { canonicalJson, type JsonObject } from '#kernel';
import { kantaraVersion } from './kantara.js';

/** An Ed25519 private key, and the name under which its public part is published. */
export interface RecordKey {
  readonly kid: string;
  readonly privateKey: KeyObject;
}

const algorithm = 'EdDSA';
const recordType = 'consent-record+jwt';
const receiptType = 'consent-receipt+jwt';

/** What we accept to look at. */
const longestRecord = 4_194_304;

/** Nothing else may stand in a header: what it says is all there is to obey. */
const recordHeader = z.strictObject({
  alg: z.literal(algorithm),
  typ: z.enum([recordType, receiptType]),
  kid: z.string().min(1).max(200),
});

const publicKey = z.object({
  kty: z.literal('OKP'),
  crv: z.literal('Ed25519'),
  // Of 32 bytes.
  x: z.string().regex(/^[A-Za-z0-9_-]{43}$/),
  alg: z.literal(algorithm).optional(),
  use: z.literal('sig').optional(),
});

const jsonObject = z.record(z.string(), z.json());

/**
 * Signs a consent record or receipt as a compact JWS (RFC 7515) with EdDSA over Ed25519 (RFC 8037). The payload is the
 * document in canonical JSON, and the header's `typ` says which of the two it is.
 */
export async function signRecord(document: JsonObject, key: RecordKey): Promise<string> {
  if (key.privateKey.type !== 'private' || key.privateKey.asymmetricKeyType !== 'ed25519')
    throw new TypeError('records are signed with an Ed25519 private key');
  return new CompactSign(canonicalJson(document))
    .setProtectedHeader({ alg: algorithm, typ: typeOf(document), kid: key.kid })
    .sign(key.privateKey);
}

/**
 * The document of a signed record; undefined, whatever is wrong, unless exactly one of the keys bears the header's `kid`
 * and made the signature over exactly these bytes.
 */
export async function verifyRecord(jws: string, keys: JSONWebKeySet): Promise<JsonObject | undefined> {
  if (jws.length > longestRecord || !isOneSpelling(jws)) return undefined;
  try {
    const header = recordHeader.parse(decodeProtectedHeader(jws));
    const [key, ...others] = keys.keys.filter(({ kid }) => kid === header.kid);
    if (key === undefined || others.length > 0) return undefined;
    // Nothing of it but its public part gets to the library.
    const { kty, crv, x } = publicKey.parse(key);
    const verifier = await importJWK({ kty, crv, x }, algorithm);
    const { payload } = await compactVerify(jws, verifier, { algorithms: [algorithm] });
    const document = readDocument(payload);
    return document !== undefined && typeOf(document) === header.typ ? document : undefined;
  } catch {
    // Why the library refused is nobody's help: its errors quote the token.
    return undefined;
  }
}

/** The public part of a key, for a JSON Web Key Set (RFC 7517). */
export function publicJwk({ kid, privateKey }: RecordKey): JWK {
  const { kty, crv, x } = publicKey.parse(createPublicKey(privateKey).export({ format: 'jwk' }));
  return { kty, crv, x, kid, alg: algorithm, use: 'sig' };
}

function typeOf(document: JsonObject): string {
  return document['version'] === kantaraVersion ? receiptType : recordType;
}

/** Decoders overlook bits: of several texts that decode alike only the one that an encoder writes is accepted. */
function isOneSpelling(jws: string): boolean {
  const parts = jws.split('.');
  return (
    parts.length === 3 && parts.every((part) => Buffer.from(part, 'base64url').toString('base64url') === part)
  );
}

function readDocument(payload: Uint8Array): JsonObject | undefined {
  const text = new TextDecoder('utf-8', { fatal: true }).decode(payload);
  const document = jsonObject.safeParse(JSON.parse(text));
  return document.success && canonicalJson(document.data).equals(payload) ? document.data : undefined;
}
