import {
  createCipheriv,
  createDecipheriv,
  createHmac,
  createSecretKey,
  hkdfSync,
  type KeyObject,
} from 'node:crypto';
import { random } from '#kernel';

const keyBytes = 32;
const nonceBytes = 12;
const tagBytes = 16;
const version = 1;

/** Derives an independent 32-byte key for one use from the master key (HKDF-SHA256, RFC 5869). */
export function deriveKey(masterKey: Buffer, use: string): Buffer {
  return Buffer.from(hkdfSync('sha256', masterKey, Buffer.alloc(0), `lethe/${use}`, keyBytes));
}

/**
 * Seals small secrets at rest with AES-256-GCM. The context (tenant, row) is authenticated, so a sealed value that is
 * moved to another row does not open. Layout: version (1 byte) || nonce (12) || tag (16) || ciphertext.
 */
export class Sealer {
  private readonly key: KeyObject;

  constructor(masterKey: Buffer) {
    // As a key object, since bytes would be imported again at every use, which costs more than the cipher.
    this.key = createSecretKey(deriveKey(masterKey, 'seal/1'));
  }

  seal(plaintext: Buffer, context: string): Buffer {
    const nonce = random(nonceBytes);
    const cipher = createCipheriv('aes-256-gcm', this.key, nonce).setAAD(Buffer.from(context, 'utf8'));
    const body = Buffer.concat([cipher.update(plaintext), cipher.final()]);
    return Buffer.concat([Buffer.of(version), nonce, cipher.getAuthTag(), body]);
  }

  /** Throws when the value was altered, sealed under another key, or belongs to another context. */
  open(sealed: Buffer, context: string): Buffer {
    if (sealed[0] !== version) throw new Error('sealed value of an unknown version');
    const nonce = sealed.subarray(1, 1 + nonceBytes);
    const tag = sealed.subarray(1 + nonceBytes, 1 + nonceBytes + tagBytes);
    const decipher = createDecipheriv('aes-256-gcm', this.key, nonce)
      .setAAD(Buffer.from(context, 'utf8'))
      .setAuthTag(tag);
    return Buffer.concat([decipher.update(sealed.subarray(1 + nonceBytes + tagBytes)), decipher.final()]);
  }
}

/** Keyed hashes (HMAC-SHA256), so that a stolen table of hashes cannot be searched by guessing values. */
export class KeyedHash {
  /** Which key made a hash; old keys serve look-ups until their last entry lapses. */
  readonly keyId = 1;
  private readonly key: KeyObject;

  constructor(masterKey: Buffer) {
    this.key = createSecretKey(deriveKey(masterKey, 'identifier-hash/1'));
  }

  /** The parts are length-prefixed, so that no two different lists hash alike. */
  of(...parts: readonly string[]): Buffer {
    const hmac = createHmac('sha256', this.key);
    for (const part of parts) {
      const bytes = Buffer.from(part, 'utf8');
      const length = Buffer.alloc(4);
      length.writeUInt32BE(bytes.length);
      hmac.update(length).update(bytes);
    }
    return hmac.digest();
  }
}
