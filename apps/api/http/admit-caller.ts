import type { IncomingHttpHeaders } from 'node:http';
import { Injectable } from '@nestjs/common';
import { Authenticate, type Caller, type Credentials } from '#access';
import { isComplete, KnowPerson } from './know-person.js';
import type { Requirement } from './requires.js';

/** Lets in whoever has valid credentials and may ever do what is required. */
@Injectable()
export class AdmitCaller {
  constructor(
    private readonly authenticate: Authenticate,
    private readonly knowPerson: KnowPerson,
  ) {}

  /** `operation` is the method and the pattern of the route, for the record. Throws DomainError unauthenticated or forbidden. */
  async execute(
    headers: IncomingHttpHeaders,
    operation: string,
    { action, resource }: Requirement,
  ): Promise<Caller> {
    const authenticated = await this.authenticate.execute(credentialsIn(headers, operation));
    const caller = await this.knowPerson.execute(authenticated);
    caller.mustEver(action, resource);
    return caller;
  }

  /** The same at once, from memory alone; undefined means: `execute`. */
  remembered(
    headers: IncomingHttpHeaders,
    operation: string,
    { action, resource }: Requirement,
  ): Caller | undefined {
    const caller = this.authenticate.remembered(credentialsIn(headers, operation));
    return caller !== undefined && isComplete(caller) && caller.mayEver(action, resource)
      ? caller
      : undefined;
  }
}

function credentialsIn(headers: IncomingHttpHeaders, operation: string): Credentials {
  return {
    authorization: headers.authorization,
    tenant: oneValue(headers['lethe-tenant']),
    breakGlass: oneValue(headers['lethe-break-glass']),
    operation,
  };
}

function oneValue(header: string | readonly string[] | undefined): string | undefined {
  return typeof header === 'string' ? header : undefined;
}
