import { Injectable } from '@nestjs/common';
import { KeyedHasher } from '#decisions';
import type { TenantId } from '#kernel';
import { KeyedHash } from '#platform/crypto';
import { normaliseIdentifier, type Identifier } from './domain/identifier.js';

const mostHashers = 1_000;

/** How identifiers are looked up: in our tables by an HMAC that nobody outside can compute, and in replicas by a fast keyed hash. */
@Injectable()
export class HashIdentifiers {
  private readonly hashers = new Map<TenantId, KeyedHasher>();

  constructor(private readonly hash: KeyedHash) {}

  /** Which key our own hashes are made with. */
  get keyId(): number {
    return this.hash.keyId;
  }

  lookUpKey(tenant: TenantId, identifier: Identifier): { readonly type: string; readonly hash: Buffer } {
    const { type, value } = normaliseIdentifier(identifier);
    return { type, hash: this.hash.of(tenant, type, value) };
  }

  /** 16 bytes that the replicas of a tenant share: whoever has them can look people up in a snapshot, and not in our tables. */
  replicaKey(tenant: TenantId): Buffer {
    return this.hash.of(tenant, 'replica').subarray(0, 16);
  }

  /** 8 bytes. */
  replicaHash(tenant: TenantId, identifier: Identifier): Buffer {
    const { type, value } = normaliseIdentifier(identifier);
    const known = this.hashers.get(tenant) ?? new KeyedHasher(this.replicaKey(tenant));
    const [oldest] = this.hashers.keys();
    if (this.hashers.size >= mostHashers && oldest !== undefined) this.hashers.delete(oldest);
    this.hashers.set(tenant, known);
    const { high, low } = known.of(type, value);
    const bytes = Buffer.alloc(8);
    bytes.writeUInt32BE(high, 0);
    bytes.writeUInt32BE(low, 4);
    return bytes;
  }
}
