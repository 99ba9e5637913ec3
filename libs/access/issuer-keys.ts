import { Injectable } from '@nestjs/common';
import { createLocalJWKSet, errors, type JSONWebKeySet, type JWTVerifyGetKey } from 'jose';
import type { Issuer } from './domain/issuer.js';
import { fetchKeys } from './fetch-keys.js';
import { Recent } from './recent.js';

const remembered = 1_000;
/** A key that a provider has withdrawn verifies nothing after this long, in milliseconds. */
const longestAge = 600_000;
/** How long an unknown `kid` leads to no further question. */
const coolDown = 30_000;
/** How long a provider that failed is left alone. */
const pause = 5_000;

/** The keys that verify an issuer's tokens. Nothing in a token says where keys are: its `jwk`, `jku` and `x5u` are not read. */
@Injectable()
export class IssuerKeys {
  private readonly known = new Recent<JWTVerifyGetKey>(remembered);

  /** Answers the key for a token's header; rejects with DependencyError `unreachable` when it cannot be known. */
  of({ id, issuer, jwks }: Issuer): JWTVerifyGetKey {
    const known = this.known.get(id);
    if (known !== undefined) return known;
    const keys = jwks === null ? remoteKeys(issuer) : createLocalJWKSet({ keys: [...jwks.keys] });
    this.known.put(id, keys);
    return keys;
  }
}

type LocalKeys = ReturnType<typeof createLocalJWKSet>;

/** Keeps a provider's keys for `longestAge`, and asks again for a key that it does not know, as after a rotation. */
function remoteKeys(issuer: string): JWTVerifyGetKey {
  const source = new KeySource(() => fetchKeys(issuer));
  return async (header, token) => {
    const { keys, at } = await source.keys();
    try {
      return await keys(header, token);
    } catch (error) {
      if (!(error instanceof errors.JWKSNoMatchingKey) || performance.now() - at < coolDown) throw error;
      return (await source.fetch()).keys(header, token);
    }
  };
}

interface Fetched {
  readonly keys: LocalKeys;
  /** On the monotonic clock. */
  readonly at: number;
}

/** One question at a time, and after a failure none for a while: whoever sends us tokens does not set the pace. */
class KeySource {
  private fetched: Fetched | undefined;
  private pending: Promise<Fetched> | undefined;
  private failure: { readonly error: unknown; readonly at: number } | undefined;

  constructor(private readonly ask: () => Promise<JSONWebKeySet>) {}

  async keys(): Promise<Fetched> {
    const { fetched } = this;
    return fetched !== undefined && performance.now() - fetched.at < longestAge ? fetched : this.fetch();
  }

  async fetch(): Promise<Fetched> {
    const { failure } = this;
    if (failure !== undefined && performance.now() - failure.at < pause) throw failure.error;
    this.pending ??= this.askOnce();
    return this.pending;
  }

  private async askOnce(): Promise<Fetched> {
    try {
      const keys = createLocalJWKSet(await this.ask());
      this.fetched = { keys, at: performance.now() };
      this.failure = undefined;
      return this.fetched;
    } catch (error) {
      this.failure = { error, at: performance.now() };
      throw error;
    } finally {
      this.pending = undefined;
    }
  }
}
