import { Injectable, type CanActivate, type ExecutionContext } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import type { FastifyRequest } from 'fastify';
import type { Caller } from '#access';
import { DomainError } from '#kernel';
import { AdmitCaller } from './admit-caller.js';
import { PUBLIC, REQUIREMENT, type Requirement } from './requires.js';

const callers = new WeakMap<object, Caller>();

/** Who the guard found out a request to be from. */
export function callerOf(request: FastifyRequest): Caller {
  const caller = callers.get(request);
  if (caller === undefined) throw new TypeError('the route was not guarded');
  return caller;
}

/** Lets a request in when its credentials are valid and there is anything that they may do what the route declares to. */
@Injectable()
export class AccessGuard implements CanActivate {
  constructor(
    private readonly reflector: Reflector,
    private readonly admit: AdmitCaller,
  ) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const targets = [context.getHandler(), context.getClass()];
    if (this.reflector.getAllAndOverride<boolean | undefined>(PUBLIC, targets) === true) return true;
    const requirement = this.reflector.getAllAndOverride<Requirement | undefined>(REQUIREMENT, targets);
    if (requirement === undefined)
      throw new DomainError('forbidden', 'access.denied', 'nobody may call this');
    const request = context.switchToHttp().getRequest<FastifyRequest>();
    const operation = `${request.method} ${request.routeOptions.url ?? ''}`;
    const caller = await this.admit.execute(request.headers, operation, requirement);
    callers.set(request, caller);
    return true;
  }
}
