import { Catch, HttpException, type ArgumentsHost, type ExceptionFilter } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { DependencyError, DomainError, type Fault, type RefusalKind } from '#kernel';
import { Log } from '#platform/telemetry';

const statusOf: Readonly<Record<RefusalKind, number>> = {
  invalid: 400,
  unauthenticated: 401,
  forbidden: 403,
  not_found: 404,
  conflict: 409,
  limited: 429,
};

/** RFC 9457. `code` is stable; `errors` name the faults of the input by JSON Pointer. */
interface Problem {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly code: string;
  readonly detail: string;
  readonly pointer?: string;
  readonly errors?: readonly Fault[];
}

const text = { type: 'string' };

/** The same as OpenAPI has it. */
export const problemSchema = {
  type: 'object',
  required: ['type', 'title', 'status', 'code', 'detail'],
  properties: {
    type: text,
    title: text,
    status: { type: 'integer' },
    code: { ...text, description: 'Stable; what to branch on.' },
    detail: text,
    pointer: { ...text, description: 'JSON Pointer (RFC 6901) to the part of the input at fault.' },
    errors: {
      type: 'array',
      items: {
        type: 'object',
        required: ['pointer', 'message'],
        properties: { pointer: text, message: text, file: text, line: { type: 'integer' } },
      },
    },
  },
};

/** Writes every error as application/problem+json. Nothing else in Lethe knows HTTP's status codes. */
@Catch()
export class ProblemFilter implements ExceptionFilter {
  constructor(private readonly log: Log) {}

  catch(error: unknown, host: ArgumentsHost): void {
    const http = host.switchToHttp();
    const problem = toProblem(error);
    if (problem.status >= 500)
      this.log.failure('a request failed', error, {
        code: problem.code,
        requestId: http.getRequest<FastifyRequest>().id,
      });
    send(problem, http.getResponse<FastifyReply>());
  }
}

/** For requests that are refused before Nest sees them, such as a path that cannot be decoded. */
export function replyWithProblem(error: Error, reply: FastifyReply): void {
  send(toProblem(error), reply);
}

function send(problem: Problem, reply: FastifyReply): void {
  if (problem.status === 401) void reply.header('www-authenticate', 'Bearer');
  void reply
    .status(problem.status)
    .header('content-type', 'application/problem+json')
    .send(JSON.stringify(problem));
}

function toProblem(error: unknown): Problem {
  if (error instanceof DomainError) {
    const { kind, code, message, pointer, faults } = error;
    return {
      ...problem(statusOf[kind], code, message),
      ...(pointer === undefined ? {} : { pointer }),
      ...(faults.length === 0 ? {} : { errors: faults }),
    };
  }
  if (error instanceof DependencyError || isConnectionFailure(error)) {
    return problem(
      503,
      'dependency.unavailable',
      'something that Lethe depends on does not answer; try again',
    );
  }
  if (error instanceof HttpException) return problem(error.getStatus(), 'http.refused', error.message);
  const status = clientStatus(error);
  if (status !== undefined) return problem(status, 'http.refused', 'the request cannot be read');
  return problem(500, 'internal', 'something went wrong; the log of the server says what');
}

function problem(status: number, code: string, detail: string): Problem {
  return { type: `urn:lethe:problem:${code}`, title: code.replaceAll(/[._]/g, ' '), status, code, detail };
}

/** Fastify's own refusals (malformed JSON, a body too large) carry the status. */
function clientStatus(error: unknown): number | undefined {
  if (!(error instanceof Error) || !('statusCode' in error)) return undefined;
  const { statusCode } = error;
  return typeof statusCode === 'number' && statusCode >= 400 && statusCode < 500 ? statusCode : undefined;
}

const connectionFailures = /^(ECONN|ENOENT|EPIPE|ETIMEDOUT|57P0|08|53300)/;

/** The database is gone, stopping or full: the caller may try again, and nothing is half done. */
function isConnectionFailure(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  if ('code' in error && typeof error.code === 'string' && connectionFailures.test(error.code)) return true;
  return (
    /connection terminated|timeout exceeded when trying to connect/i.test(error.message) ||
    (error.cause !== undefined && isConnectionFailure(error.cause))
  );
}
