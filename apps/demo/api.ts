import { setTimeout as sleep } from 'node:timers/promises';

type Answer = Readonly<Record<string, unknown>>;

/** A refusal of the API, with its problem's code. */
export class Refused extends Error {
  override readonly name = 'Refused';

  constructor(
    readonly status: number,
    readonly code: string,
    detail: string,
  ) {
    super(detail);
  }
}

/** Lethe's HTTP API, as any host application would call it. */
export class Api {
  constructor(
    readonly url: string,
    private readonly key: string,
  ) {}

  async get(path: string): Promise<unknown> {
    return this.call('GET', path);
  }

  async text(path: string): Promise<string> {
    const response = await fetch(`${this.url}${path}`, { headers: this.headers() });
    if (!response.ok) throw await refusal(response);
    return response.text();
  }

  async post(path: string, body: unknown, headers: Readonly<Record<string, string>> = {}): Promise<Answer> {
    return object(
      await this.call('POST', path, JSON.stringify(body), { 'content-type': 'application/json', ...headers }),
    );
  }

  /** Sends a YAML document as the body. */
  async putDocument(path: string, document: string): Promise<unknown> {
    return this.call('PUT', path, document, { 'content-type': 'application/yaml' });
  }

  /** Asks again until the answer is what the caller waits for. Throws after two minutes. */
  async until(path: string, done: (answer: unknown) => boolean): Promise<unknown> {
    const end = Date.now() + 120_000;
    for (let pause = 20; Date.now() < end; pause = Math.min(250, pause * 1.5)) {
      const answer = await this.get(path);
      if (done(answer)) return answer;
      await sleep(pause);
    }
    throw new Error(`gave up waiting for ${path}`);
  }

  private async call(
    method: string,
    path: string,
    body?: string,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<unknown> {
    const response = await fetch(`${this.url}${path}`, {
      method,
      headers: { ...this.headers(), ...headers },
      ...(body === undefined ? {} : { body }),
    });
    if (!response.ok) throw await refusal(response);
    return response.status === 204 ? undefined : response.json();
  }

  private headers(): Record<string, string> {
    return { authorization: `Bearer ${this.key}` };
  }
}

/** The cause that some work planned after a number has, once it is planned. */
export async function causeAfter(api: Api, number: number, cause: string): Promise<string> {
  const planned = (entry: Answer) =>
    entry['kind'] === 'obligations.planned' && object(entry['data'])['cause'] === cause;
  const feed = await api.until(`/v1/feed?after=${number}&limit=1000`, (answer) => list(answer).some(planned));
  return String(object(list(feed).find(planned)?.['data'])['causeId']);
}

/** Waits until everything a cause led to has settled. */
export async function causeSettled(api: Api, cause: string): Promise<void> {
  const settled = (answer: unknown) =>
    list(answer).length > 0 && list(answer).every(({ settledAt }) => settledAt !== null);
  await api.until(`/v1/obligations?cause=${cause}&limit=1000`, settled);
}

export function object(value: unknown): Answer {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new TypeError('an object was expected');
  return Object.fromEntries(Object.entries(value));
}

export function list(value: unknown): readonly Answer[] {
  if (!Array.isArray(value)) throw new TypeError('a list was expected');
  return value.map(object);
}

async function refusal(response: Response): Promise<Refused> {
  const problem: unknown = await response.json().catch(() => ({}));
  const { code, detail } = object(problem);
  return new Refused(
    response.status,
    String(code),
    `${response.url} answered ${response.status}: ${String(detail)}`,
  );
}
