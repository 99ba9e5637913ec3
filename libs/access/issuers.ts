import { Injectable } from '@nestjs/common';
import { DomainError, isUuid, type JsonObject } from '#kernel';
import { AppendEntries } from '#ledger';
import { Transactions } from '#platform/database';
import type { Caller } from './domain/caller.js';
import { checkIssuer, type Issuer, type ProposedIssuer } from './domain/issuer.js';
import { IssuersRepository } from './issuers.repository.js';
import { TrustedIssuers } from './trusted-issuers.js';

/** A trusted issuer, or one that was; all of it is public. */
export type IssuerView = Issuer & { readonly createdAt: Date; readonly revokedAt: Date | null };

/** They are all looked at for each token. Requests at the same moment may exceed it by a few. */
const mostInForce = 100;

/** Says whose tokens a tenant trusts; each change is a ledger entry. */
@Injectable()
export class Issuers {
  constructor(
    private readonly transactions: Transactions,
    private readonly repository: IssuersRepository,
    private readonly appendEntries: AppendEntries,
    private readonly trusted: TrustedIssuers,
  ) {}

  /**
   * Nothing is fetched: a provider that is down now is trusted all the same. Throws DomainError invalid
   * `issuer.invalid`, conflict `issuer.exists` for an URL and audience that is trusted already, conflict
   * `issuer.too_many` for more than 100.
   */
  async trust(
    caller: Caller,
    proposed: ProposedIssuer,
    made: { readonly id: string; readonly at: Date },
  ): Promise<IssuerView> {
    caller.must('create', 'Issuer', {});
    const { tenant } = caller;
    const issuer = { ...checkIssuer(proposed), id: made.id };
    const row = { ...issuer, algorithms: [...issuer.algorithms], createdAt: made.at, revokedAt: null };
    await this.transactions.run(tenant, async (tx) => {
      if ((await this.repository.countInForce(tx, tenant)) >= mostInForce)
        throw new DomainError(
          'conflict',
          'issuer.too_many',
          `a tenant trusts at most ${mostInForce} issuers`,
        );
      await this.repository.insert(tx, { ...row, tenantId: tenant });
      await this.appendEntries.execute(tx, tenant, [{ kind: 'issuer.trusted', data: entryOf(issuer) }]);
    });
    this.trusted.forget(tenant);
    return presentIssuer(row);
  }

  /** Those that were revoked stay in the list. */
  async list(
    caller: Caller,
    page: { readonly after: string | undefined; readonly limit: number },
  ): Promise<readonly IssuerView[]> {
    caller.must('read', 'Issuer', {});
    const { tenant } = caller;
    const rows = await this.transactions.run(tenant, (tx) => this.repository.list(tx, tenant, page));
    return rows.map(presentIssuer);
  }

  /**
   * Its tokens are refused at once in this process, within `issuerStaleness` in any other. Throws DomainError not_found
   * `issuer.unknown`.
   */
  async revoke(caller: Caller, id: string, at: Date): Promise<void> {
    caller.must('delete', 'Issuer', {});
    const { tenant } = caller;
    await this.transactions.run(tenant, async (tx) => {
      const revoked = isUuid(id) ? await this.repository.revoke(tx, tenant, id, at) : null;
      if (revoked === null)
        throw new DomainError('not_found', 'issuer.unknown', 'no trusted issuer has this id');
      await this.appendEntries.execute(tx, tenant, [{ kind: 'issuer.revoked', data: entryOf(revoked) }]);
    });
    this.trusted.forget(tenant);
  }
}

function entryOf({ id, kind, issuer, audience, algorithms }: Issuer): JsonObject {
  return { id, kind, issuer, audience, algorithms: [...algorithms] };
}

function presentIssuer(row: IssuerView): IssuerView {
  const { id, kind, issuer, audience, algorithms, jwks, roleClaim, roleMap, identifierType } = row;
  const { createdAt, revokedAt } = row;
  return {
    id,
    kind,
    issuer,
    audience,
    algorithms,
    jwks,
    roleClaim,
    roleMap,
    identifierType,
    createdAt,
    revokedAt,
  };
}
