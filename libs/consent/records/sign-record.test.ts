import {
  createHmac,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  sign,
  type KeyObject,
} from 'node:crypto';
import fc from 'fast-check';
import type { JSONWebKeySet } from 'jose';
import { describe, expect, it } from 'vitest';
import { canonicalJson, type JsonObject } from '#kernel';
import { iso27560Record } from './iso-27560.js';
import { kantaraReceipt } from './kantara.js';
import { publicJwk, signRecord, verifyRecord, type RecordKey } from './sign-record.js';
import { input, inputsWith } from './testing/inputs.js';

const key = keyOf('records-1', 7);
const other = keyOf('records-2', 8);
const keys: JSONWebKeySet = { keys: [publicJwk(other), publicJwk(key)] };

/** The same for the same seed: a run can be repeated. */
function keyOf(kid: string, seed: number): RecordKey {
  const pkcs8 = Buffer.concat([
    Buffer.from('302e020100300506032b657004220420', 'hex'),
    Buffer.alloc(32, seed),
  ]);
  return { kid, privateKey: createPrivateKey({ key: pkcs8, format: 'der', type: 'pkcs8' }) };
}

function documentOf(result: ReturnType<typeof iso27560Record>): JsonObject {
  if ('missing' in result) throw new Error(result.missing.join('; '));
  return result.document;
}

const record = documentOf(iso27560Record(input()));
const receipt = documentOf(kantaraReceipt(input()));
const signed = await signRecord(record, key);

function encode(value: object | string): string {
  return Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url');
}

function headerOf(jws: string): unknown {
  return JSON.parse(Buffer.from(jws.split('.')[0]!, 'base64url').toString());
}

/** A JWS over any header and any payload, rightly signed. */
function forge(header: object, payload: string, privateKey: KeyObject = key.privateKey): string {
  const text = `${encode(header)}.${encode(payload)}`;
  return `${text}.${sign(null, Buffer.from(text), privateKey).toString('base64url')}`;
}

const header = { alg: 'EdDSA', typ: 'consent-record+jwt', kid: key.kid };
const payload = canonicalJson(record).toString();

describe('a signed record', () => {
  it('comes back as it was signed', async () => {
    expect(await verifyRecord(signed, keys)).toEqual(record);
    expect(await verifyRecord(await signRecord(receipt, key), keys)).toEqual(receipt);
    await fc.assert(
      fc.asyncProperty(inputsWith(0), async (any) => {
        const document = documentOf(iso27560Record(any));
        expect(await verifyRecord(await signRecord(document, other), keys)).toEqual(document);
      }),
      { numRuns: 50 },
    );
  });

  it('says what it is and by which key, and holds the document in canonical JSON', async () => {
    expect(headerOf(signed)).toEqual(header);
    expect(headerOf(await signRecord(receipt, key))).toEqual({ ...header, typ: 'consent-receipt+jwt' });
    expect(Buffer.from(signed.split('.')[1]!, 'base64url')).toEqual(canonicalJson(record));
    // What the tests below forge is refused for what is wrong with it, and not for how it is forged.
    expect(forge(header, payload)).toBe(signed);
  });

  it('is refused with any bit of it flipped', async () => {
    const bytes = Buffer.from(signed, 'latin1');
    // All bits of the header and the signature, and some of every other byte of the payload.
    const [first, last] = [signed.indexOf('.'), signed.lastIndexOf('.')];
    for (let index = 0; index < bytes.length; index += 1) {
      const flips = index <= first || index >= last ? [0, 1, 2, 3, 4, 5, 6, 7] : [index % 8];
      for (const bit of flips) {
        const flipped = Buffer.from(bytes);
        flipped[index]! ^= 1 << bit;
        expect(
          await verifyRecord(flipped.toString('latin1'), keys),
          `bit ${bit} of byte ${index}`,
        ).toBeUndefined();
      }
    }
  });

  it('is refused cut short, lengthened, padded or spaced', async () => {
    const [head = '', body = '', signature = ''] = signed.split('.');
    const faulty = [
      '',
      '..',
      `${signed}.`,
      `${signed}=`,
      ` ${signed}`,
      `${signed}\n`,
      signed.slice(0, -1),
      `${head}.${body}.`,
      `${head}..${signature}`,
      `${head}.${body}.${signature}AAAA`,
      `${head}.${body}.${signature}.${signature}`,
    ];
    for (const one of faulty) expect(await verifyRecord(one, keys), one.slice(-20)).toBeUndefined();
  });

  it('is refused under another algorithm, or none', async () => {
    const x = Buffer.from(publicJwk(key).x!, 'base64url');
    const text = `${encode({ ...header, alg: 'HS256' })}.${encode(payload)}`;
    const hmac = createHmac('sha256', x).update(text).digest('base64url');
    expect(await verifyRecord(`${text}.${hmac}`, keys)).toBeUndefined();
    for (const alg of ['none', 'NONE', 'Ed25519', 'ES256', 'eddsa'])
      expect(await verifyRecord(forge({ ...header, alg }, payload), keys), alg).toBeUndefined();
    expect(
      await verifyRecord(`${encode({ ...header, alg: 'none' })}.${encode(payload)}.`, keys),
    ).toBeUndefined();
  });

  it('is refused for a header that says more, less or something else', async () => {
    const headers = [
      { alg: header.alg, kid: header.kid },
      { ...header, typ: 'JWT' },
      // Right for a receipt, and this is a record.
      { ...header, typ: 'consent-receipt+jwt' },
      { ...header, jwk: publicJwk(key) },
      { ...header, crit: ['exp'], exp: 1 },
      { ...header, b64: false, crit: ['b64'] },
      { ...header, kid: '' },
    ];
    for (const one of headers)
      expect(await verifyRecord(forge(one, payload), keys), JSON.stringify(one)).toBeUndefined();
  });

  it('is refused where its payload is not the canonical JSON of an object', async () => {
    const payloads = [
      ` ${payload}`,
      payload.replace('{', '{"a":1,"a":1,'),
      '[]',
      '"text"',
      '{',
      '',
      '{"b":1,"a":1}',
    ];
    for (const one of payloads) expect(await verifyRecord(forge(header, one), keys), one).toBeUndefined();
    expect(await verifyRecord(forge(header, '{"a":1,"b":1}'), keys)).toEqual({ a: 1, b: 1 });
  });

  it('is refused by other keys', async () => {
    const [mine, others] = [publicJwk(key), publicJwk(other)];
    const sets: JSONWebKeySet[] = [
      { keys: [] },
      { keys: [others] },
      // The name of the key, on another key.
      { keys: [{ ...others, kid: key.kid }] },
      { keys: [mine, { ...others, kid: key.kid }] },
      { keys: [{ ...mine, use: 'enc' }] },
      { keys: [{ ...mine, alg: 'ES256' }] },
      { keys: [{ ...mine, crv: 'X25519' }] },
      { keys: [{ kty: 'oct', k: mine.x!, kid: key.kid }] },
    ];
    for (const set of sets) expect(await verifyRecord(signed, set), JSON.stringify(set)).toBeUndefined();
    expect(await verifyRecord(await signRecord(record, keyOf(key.kid, 9)), keys)).toBeUndefined();
  });
});

describe('keys', () => {
  it('are published without their private part', () => {
    const published = publicJwk(key);
    const { x } = createPublicKey(key.privateKey).export({ format: 'jwk' });
    expect(published).toEqual({ kty: 'OKP', crv: 'Ed25519', x, kid: 'records-1', alg: 'EdDSA', use: 'sig' });
  });

  it('of another kind, or without a private part, sign nothing', async () => {
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    await expect(signRecord(record, { kid: 'ec', privateKey })).rejects.toThrow(TypeError);
    const half = createPublicKey(key.privateKey);
    await expect(signRecord(record, { kid: 'half', privateKey: half })).rejects.toThrow(TypeError);
  });
});
