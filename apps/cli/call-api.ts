import type { z } from 'zod';
import { problemOf, unexpected, unreachable, type ApiAccess } from './api-access.js';

const longestCall = 60_000;

/** One question to the API. */
export interface ApiCall {
  readonly method: string;
  readonly path: string;
  readonly body?: object | undefined;
}

/** Throws DomainError for a refusal, and DependencyError when nobody answers, or not as this version does. */
export async function callApi<T>(access: ApiAccess, call: ApiCall, answer: z.ZodType<T>): Promise<T> {
  const response = await send(access, call);
  const value: unknown = await response.json().catch(() => undefined);
  if (!response.ok) throw problemOf(response.status, value);
  const parsed = answer.safeParse(value);
  if (!parsed.success) throw unexpected(access);
  return parsed.data;
}

async function send(access: ApiAccess, { method, path, body }: ApiCall): Promise<Response> {
  try {
    return await fetch(`${access.url}${path}`, {
      method,
      headers: {
        authorization: `Bearer ${access.key}`,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(longestCall),
    });
  } catch {
    throw unreachable(access);
  }
}
