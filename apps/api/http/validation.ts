import { ValidationPipe, type ValidationError } from '@nestjs/common';
import { DomainError, type Fault } from '#kernel';

/** Validates DTOs: unknown members are refused, and every fault is named by JSON Pointer without quoting the value. */
export function createValidationPipe(): ValidationPipe {
  return new ValidationPipe({
    whitelist: true,
    forbidNonWhitelisted: true,
    transform: true,
    stopAtFirstError: true,
    exceptionFactory: (errors) => {
      const faults = errors.flatMap((error) => faultsOf(error, ''));
      const detail = faults.map(({ pointer, message }) => `${pointer}: ${message}`).join('; ');
      return new DomainError('invalid', 'body.invalid', detail || 'the request is not valid', { faults });
    },
  });
}

function faultsOf(error: ValidationError, parent: string): readonly Fault[] {
  const pointer = `${parent}/${error.property.replaceAll('~', '~0').replaceAll('/', '~1')}`;
  const own = Object.values(error.constraints ?? {}).map((message) => ({ pointer, message }));
  return [...own, ...(error.children ?? []).flatMap((child) => faultsOf(child, pointer))];
}
