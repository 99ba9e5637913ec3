export type JsonValue =
  null | boolean | number | string | readonly JsonValue[] | { readonly [name: string]: JsonValue };

/** How the API is reached. */
export interface Connection {
  readonly url: string;
  readonly credentials: () => Promise<string>;
  readonly tenant: string | undefined;
  readonly fetch: typeof globalThis.fetch;
}

/** A refusal of the API (RFC 9457), or an answer that is none of its own. */
export class LetheProblem extends Error {
  override readonly name = 'LetheProblem';

  constructor(
    readonly status: number,
    /** The stable word of the fault, such as `purpose.unknown`. */
    readonly code: string,
    message: string,
  ) {
    super(message);
  }
}

/** Calls the API; rejects with a LetheProblem for a refusal. */
export async function call(
  { url, credentials, tenant, fetch }: Connection,
  path: string,
  init: Omit<RequestInit, 'headers'> & { readonly headers?: Readonly<Record<string, string>> } = {},
): Promise<Response> {
  const response = await fetch(`${url}${path}`, {
    ...init,
    headers: {
      ...init.headers,
      authorization: `Bearer ${await credentials()}`,
      ...(tenant === undefined ? {} : { 'lethe-tenant': tenant }),
    },
  });
  if (response.ok) return response;
  throw await problemOf(response);
}

/** Sends JSON and reads JSON. The shape is the API's promise: it is documented, and tested there. */
export async function request<T>(
  connection: Connection,
  method: 'GET' | 'POST',
  path: string,
  body?: object,
  headers: Readonly<Record<string, string>> = {},
): Promise<T> {
  const response = await call(connection, path, {
    method,
    headers: body === undefined ? headers : { ...headers, 'content-type': 'application/json' },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  // eslint-disable-next-line no-restricted-syntax -- what `fetch` reads has no type, and a check of ten thousand answers is no small thing
  return (await response.json()) as T;
}

async function problemOf(response: Response): Promise<LetheProblem> {
  const text = await response.text();
  try {
    const problem: unknown = JSON.parse(text);
    if (
      typeof problem === 'object' &&
      problem !== null &&
      'code' in problem &&
      typeof problem.code === 'string'
    ) {
      const detail =
        'detail' in problem && typeof problem.detail === 'string' ? problem.detail : problem.code;
      return new LetheProblem(response.status, problem.code, detail);
    }
  } catch {
    // Something in between answered.
  }
  return new LetheProblem(response.status, 'unexpected_response', `the server answered ${response.status}`);
}
