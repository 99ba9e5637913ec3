import { hash } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import { tenantId, type Clock } from '#kernel';
import { CLOCK } from '#platform/runtime';
import { AccessRepository, type FoundKey } from './access.repository.js';
import { Caller } from './domain/caller.js';
import { parseKey, secretMatches } from './domain/key.js';
import { isRole } from './domain/roles.js';
import { parseScope } from './domain/scope.js';
import { KeyUse } from './key-use.js';

/** A key revoked by another process is refused after at most this long, in milliseconds; by this process, at once. */
export const keyStaleness = 1_000;
const remembered = 10_000;

interface Known {
  readonly caller: Caller;
  readonly keyId: string;
  readonly expiresAt: Date | null;
  /** On the monotonic clock. */
  readonly until: number;
}

/** Keys that were in force a moment ago, by the digest of their text. */
@Injectable()
export class KnownKeys {
  private readonly known = new Map<string, Known>();

  get(digest: string): Known | undefined {
    const found = this.known.get(digest);
    return found !== undefined && found.until > performance.now() ? found : undefined;
  }

  put(digest: string, known: Omit<Known, 'until'>): void {
    const [oldest] = this.known.keys();
    if (this.known.size >= remembered && oldest !== undefined) this.known.delete(oldest);
    this.known.set(digest, { ...known, until: performance.now() + keyStaleness });
  }

  /** After a change of any key or tenant. */
  forget(): void {
    this.known.clear();
  }
}

/** Finds out who holds an API key. */
@Injectable()
export class AuthenticateKey {
  constructor(
    private readonly repository: AccessRepository,
    private readonly knownKeys: KnownKeys,
    private readonly use: KeyUse,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** Undefined for whatever is not a key in force; the database is not asked twice within `keyStaleness`. */
  async execute(text: string): Promise<Caller | undefined> {
    return this.remembered(text) ?? this.inForce(await this.find(text, digestOf(text), this.clock.now()));
  }

  /** The holder of a key that was in force a moment ago; undefined means: `execute`. */
  remembered(text: string): Caller | undefined {
    return this.inForce(this.knownKeys.get(digestOf(text)));
  }

  private inForce(known: Omit<Known, 'until'> | undefined): Caller | undefined {
    const now = this.clock.now();
    if (known === undefined || expired(known.expiresAt, now)) return undefined;
    this.use.note(known.keyId, now);
    return known.caller;
  }

  private async find(text: string, digest: string, now: Date): Promise<Omit<Known, 'until'> | undefined> {
    const key = parseKey(text);
    const found = key === undefined ? undefined : await this.repository.keyByPrefix(key.prefix);
    if (key === undefined || found === undefined || !secretMatches(key.secret, found.secret_hash))
      return undefined;
    if (found.revoked_at !== null || expired(found.expires_at, now)) return undefined;
    const caller = callerOf(found);
    if (caller === undefined) return undefined;
    const known = { caller, keyId: found.id, expiresAt: found.expires_at };
    this.knownKeys.put(digest, known);
    return known;
  }
}

function digestOf(text: string): string {
  return hash('sha256', text, 'base64');
}

function expired(at: Date | null, now: Date): boolean {
  return at !== null && at <= now;
}

function callerOf(key: FoundKey): Caller | undefined {
  const { role, tenant_id: tenant, tenant_state: state } = key;
  if (!isRole(role) || (role === 'operator') !== (tenant === null) || state === 'offboarded')
    return undefined;
  return new Caller({
    tenant: tenant === null ? null : tenantId(tenant),
    tenantState: state ?? 'active',
    roles: [role],
    actor: `key:${key.id}`,
    scope: parseScope(key.scope),
    person: null,
    disclosed: [],
  });
}
