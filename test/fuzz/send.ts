import type { TestSystem } from '../e2e/system.js';
import type { Generated } from './generate.js';
import type { Operation } from './openapi.js';

export interface Answer {
  readonly status: number;
  readonly type: string | undefined;
  readonly body: string;
}

/** Sends a generated request without a socket in between. */
export async function send(
  system: TestSystem,
  operation: Operation,
  { url, payload, contentType }: Generated,
  headers: Readonly<Record<string, string>>,
): Promise<Answer> {
  const answer = await system.api
    .getHttpAdapter()
    .getInstance()
    .inject({
      method: operation.method as 'GET',
      url,
      headers: { ...headers, ...(contentType === undefined ? {} : { 'content-type': contentType }) },
      ...(payload === undefined ? {} : { payload }),
    });
  const type = answer.headers['content-type'];
  return {
    status: answer.statusCode,
    type: typeof type === 'string' ? type : undefined,
    body: answer.body,
  };
}
