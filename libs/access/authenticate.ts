import { Injectable } from '@nestjs/common';
import { DomainError, tenantId } from '#kernel';
import { AccessRepository } from './access.repository.js';
import { AuthenticateKey } from './authenticate-key.js';
import { Caller } from './domain/caller.js';
import { UseBreakGlass } from './use-break-glass.js';
import { VerifyToken } from './verify-token.js';

/** What a request brings along to show who sends it. */
export interface Credentials {
  /** `Bearer <API key>` or `Bearer <JWT>`. */
  readonly authorization: string | undefined;
  /** The slug or id of the tenant whose issuer signed the token, or that an operator enters by break-glass. */
  readonly tenant: string | undefined;
  /** The id of an approved break-glass access. */
  readonly breakGlass: string | undefined;
  /** Method and pattern of the route, for the record. */
  readonly operation: string;
}

/** Who is asking; `identifier` names the person whom a host's token speaks for. */
export interface Authenticated {
  readonly caller: Caller;
  readonly identifier: { readonly type: string; readonly value: string } | null;
}

/** Finds out who is asking. Every failure reads the same, whatever was wrong. */
@Injectable()
export class Authenticate {
  constructor(
    private readonly repository: AccessRepository,
    private readonly authenticateKey: AuthenticateKey,
    private readonly verifyToken: VerifyToken,
    private readonly useBreakGlass: UseBreakGlass,
  ) {}

  async execute(credentials: Credentials): Promise<Authenticated> {
    const bearer = /^Bearer (\S+)$/i.exec(credentials.authorization ?? '')?.[1] ?? '';
    if (bearer.split('.').length === 3) return this.byToken(bearer, credentials.tenant);
    const caller = await this.authenticateKey.execute(bearer);
    if (caller === undefined) throw refused();
    if (credentials.breakGlass === undefined) return { caller, identifier: null };
    return { caller: await this.byBreakGlass(caller, credentials), identifier: null };
  }

  /** The holder of an API key that was in force a moment ago, when that is all there is to it; undefined means: `execute`. */
  remembered({ authorization, breakGlass }: Credentials): Caller | undefined {
    if (breakGlass !== undefined || authorization?.startsWith('Bearer ') !== true) return undefined;
    return this.authenticateKey.remembered(authorization.slice('Bearer '.length));
  }

  private async byToken(token: string, named: string | undefined): Promise<Authenticated> {
    const found = named === undefined ? undefined : await this.repository.tenantByName(named);
    if (found === undefined || found.state === 'offboarded') throw refused();
    try {
      const { roles, actor, identifier } = await this.verifyToken.execute(tenantId(found.id), token);
      const caller = new Caller({
        tenant: tenantId(found.id),
        tenantState: found.state,
        roles,
        actor,
        scope: {},
        person: null,
        disclosed: [],
      });
      return { caller, identifier };
    } catch (error) {
      if (error instanceof DomainError && error.kind === 'unauthenticated') throw refused();
      throw error;
    }
  }

  private async byBreakGlass(operator: Caller, credentials: Credentials): Promise<Caller> {
    const { tenant, breakGlass, operation } = credentials;
    if (!operator.principal.roles.includes('operator') || tenant === undefined || breakGlass === undefined) {
      throw new DomainError(
        'forbidden',
        'break_glass.not_in_force',
        'break-glass access is for operators, with the header Lethe-Tenant',
      );
    }
    const used = await this.useBreakGlass.execute(operator.principal.actor, tenant, breakGlass, operation);
    return new Caller({
      tenant: used.tenant,
      tenantState: used.tenantState,
      roles: [used.role],
      actor: `break-glass:${breakGlass}`,
      scope: {},
      person: null,
      disclosed: [],
    });
  }
}

function refused(): DomainError {
  return new DomainError(
    'unauthenticated',
    'credentials.refused',
    'send a valid API key or token as "Authorization: Bearer ...", a token with the header Lethe-Tenant',
  );
}
