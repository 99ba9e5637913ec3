import type { PipeTransform } from '@nestjs/common';
import { Ajv, type ErrorObject, type ValidateFunction } from 'ajv';
import { DomainError } from '#kernel';
import { isMoment } from './moment.dto.js';

const ajv = new Ajv({ strict: true, allErrors: false, ownProperties: true });
ajv.addFormat('date-time', isMoment);

/**
 * Validates a body by a compiled JSON Schema: a hundredth of what a class-validator DTO costs, for the routes that are
 * asked thousands of times a second. Faults read as those of the other routes do.
 */
export class SchemaPipe<Body> implements PipeTransform<unknown, Body> {
  private readonly validate: ValidateFunction<Body>;

  constructor(schema: object) {
    this.validate = ajv.compile<Body>(schema);
  }

  transform(body: unknown): Body {
    if (this.validate(body)) return body;
    const faults = (this.validate.errors ?? []).map(faultOf);
    const detail = faults.map(({ pointer, message }) => `${pointer}: ${message}`).join('; ');
    throw new DomainError('invalid', 'body.invalid', detail || 'the request is not valid', { faults });
  }
}

function faultOf({ instancePath, keyword, params, message }: ErrorObject) {
  const member: unknown = params['missingProperty'] ?? params['additionalProperty'];
  const part = typeof member === 'string' ? `/${member.replaceAll('~', '~0').replaceAll('/', '~1')}` : '';
  const words: Readonly<Record<string, string>> = {
    required: 'is missing',
    additionalProperties: 'should not exist',
  };
  return { pointer: `${instancePath}${part}`, message: words[keyword] ?? message ?? 'is not valid' };
}
