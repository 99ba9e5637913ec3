import { Injectable, type CanActivate, type ExecutionContext } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import type { FastifyRequest } from 'fastify';
import { abilityOf, Authenticate, type Principal } from '#access';
import { DomainError } from '#kernel';
import { PUBLIC, REQUIREMENT, type Requirement } from './requires.js';

const principals = new WeakMap<object, Principal>();

/** The principal that the guard found for a request. */
export function principalOf(request: FastifyRequest): Principal {
  const principal = principals.get(request);
  if (principal === undefined) throw new TypeError('the route was not guarded');
  return principal;
}

/** Lets a request in when its key is valid and its role may do what the route declares. Default deny. */
@Injectable()
export class AccessGuard implements CanActivate {
  constructor(
    private readonly reflector: Reflector,
    private readonly authenticate: Authenticate,
  ) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const targets = [context.getHandler(), context.getClass()];
    if (this.reflector.getAllAndOverride<boolean | undefined>(PUBLIC, targets) === true) return true;
    const requirement = this.reflector.getAllAndOverride<Requirement | undefined>(REQUIREMENT, targets);
    if (requirement === undefined)
      throw new DomainError('forbidden', 'access.denied', 'nobody may call this');
    const request = context.switchToHttp().getRequest<FastifyRequest>();
    const principal = await this.authenticate.execute(request.headers.authorization);
    if (!abilityOf(principal.role).can(requirement.action, requirement.resource)) {
      throw new DomainError('forbidden', 'access.denied', `a key of role ${principal.role} may not do this`);
    }
    principals.set(request, principal);
    return true;
  }
}
