import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { DomainError } from '#kernel';

const form = /^[\x21-\x7e]{1,255}$/;

/** The header Idempotency-Key, where one is sent: 1 to 255 visible ASCII characters. */
export const IdempotencyKey = createParamDecorator(
  (_data: unknown, context: ExecutionContext): string | undefined => {
    const header = context.switchToHttp().getRequest<FastifyRequest>().headers['idempotency-key'];
    if (header === undefined) return undefined;
    if (typeof header === 'string' && form.test(header)) return header;
    throw new DomainError(
      'invalid',
      'idempotency.invalid',
      'the header Idempotency-Key has 1 to 255 visible ASCII characters',
    );
  },
);
