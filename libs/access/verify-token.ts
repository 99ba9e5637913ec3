import { createHash } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import { jwtVerify } from 'jose';
import { DependencyError, DomainError, type Clock, type TenantId } from '#kernel';
import { CLOCK } from '#platform/runtime';
import type { Issuer } from './domain/issuer.js';
import type { Role } from './domain/roles.js';
import { clockSkew, readHolder, takeApart } from './domain/token.js';
import { IssuerKeys } from './issuer-keys.js';
import { TrustedIssuers } from './trusted-issuers.js';

/** Whom a token that is valid speaks for. */
export interface VerifiedToken {
  readonly issuerId: string;
  readonly roles: readonly Role[];
  /**
   * `token:<issuer id>:<16 hex digits>`, of SHA-256(issuer id || sub). Whoever can guess a `sub` can tell that it is this
   * one: for a tenant's own records, not for what the public may read of a person.
   */
  readonly actor: string;
  /** The person that a host's token is for; null for staff. */
  readonly identifier: { readonly type: string; readonly value: string } | null;
}

/** Finds out whom a JSON Web Token (RFC 7519) of one of a tenant's issuers speaks for, by the rules of RFC 8725. */
@Injectable()
export class VerifyToken {
  constructor(
    private readonly trusted: TrustedIssuers,
    private readonly keys: IssuerKeys,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /**
   * Throws DomainError unauthenticated `token.refused`, the same whatever was wrong, and DependencyError `unreachable`
   * when an issuer's keys cannot be fetched. Of several issuers that fit, the one trusted first counts.
   */
  async execute(tenant: TenantId, token: string): Promise<VerifiedToken> {
    const claimed = takeApart(token);
    if (claimed === undefined) throw refused();
    const issuers = (await this.trusted.of(tenant)).filter(
      ({ issuer, audience }) => issuer === claimed.issuer && claimed.audiences.includes(audience),
    );
    let unreachable: DependencyError | undefined;
    for (const issuer of issuers) {
      const verified = await this.verify(issuer, token);
      if (verified instanceof DependencyError) unreachable ??= verified;
      else if (verified !== undefined) return verified;
    }
    throw unreachable ?? refused();
  }

  /** All that a token has to be equal to comes from the issuer's row, and nothing from the token. */
  private async verify(issuer: Issuer, token: string): Promise<VerifiedToken | DependencyError | undefined> {
    try {
      const { payload } = await jwtVerify(token, this.keys.of(issuer), {
        issuer: issuer.issuer,
        audience: issuer.audience,
        algorithms: [...issuer.algorithms],
        requiredClaims: ['exp', 'sub'],
        clockTolerance: clockSkew,
        currentDate: this.clock.now(),
      });
      // Fetching keys may have taken a while.
      const holder = readHolder(issuer, payload, this.clock.now());
      if (holder === undefined) return undefined;
      const { subject, roles, identifier } = holder;
      return { issuerId: issuer.id, roles, actor: actorOf(issuer.id, subject), identifier };
    } catch (error) {
      // Why the library refused is not kept: its errors carry the claims.
      return error instanceof DependencyError ? error : undefined;
    }
  }
}

function actorOf(issuerId: string, subject: string): string {
  const digest = createHash('sha256').update(issuerId, 'utf8').update(subject, 'utf8').digest('hex');
  return `token:${issuerId}:${digest.slice(0, 16)}`;
}

function refused(): DomainError {
  return new DomainError(
    'unauthenticated',
    'token.refused',
    'the token is not one of a trusted issuer in force',
  );
}
