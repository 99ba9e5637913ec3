import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { DomainError, type TenantId } from '#kernel';
import { principalOf } from './access.guard.js';

/** The tenant whose key was sent. */
export const CurrentTenant = createParamDecorator((_data: unknown, context: ExecutionContext): TenantId => {
  const { tenant } = principalOf(context.switchToHttp().getRequest<FastifyRequest>());
  if (tenant === null) throw new DomainError('forbidden', 'access.denied', 'this needs a key of a tenant');
  return tenant;
});
