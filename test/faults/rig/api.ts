import { setTimeout as pause } from 'node:timers/promises';

export interface Answer {
  readonly status: number;
  readonly body: unknown;
  /** Between the first attempt and the answer, by this machine's clock. */
  readonly from: number;
  readonly to: number;
  readonly attempts: number;
}

const tryFor = 60_000;
const tryEvery = 50;
const answerWithin = 10_000;

/** The API as a patient client sees it: it asks again until somebody answers. */
export class Api {
  constructor(
    private readonly url: string,
    private readonly key = '',
  ) {}

  as(key: string): Api {
    return new Api(this.url, key);
  }

  get(path: string): Promise<Answer> {
    return this.ask('GET', path);
  }

  post(path: string, body: object, headers: Readonly<Record<string, string>> = {}): Promise<Answer> {
    return this.ask('POST', path, JSON.stringify(body), { 'content-type': 'application/json', ...headers });
  }

  put(path: string, yaml: string): Promise<Answer> {
    return this.ask('PUT', path, yaml, { 'content-type': 'application/yaml' });
  }

  private async ask(
    method: string,
    path: string,
    body?: string,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<Answer> {
    const from = Date.now();
    const end = performance.now() + tryFor;
    for (let attempts = 1; ; attempts++) {
      try {
        const response = await fetch(this.url + path, {
          method,
          headers: { authorization: `Bearer ${this.key}`, ...headers },
          signal: AbortSignal.timeout(answerWithin),
          ...(body === undefined ? {} : { body }),
        });
        const text = await response.text();
        if (response.status < 500)
          return {
            status: response.status,
            body: text === '' ? undefined : (JSON.parse(text) as unknown),
            from,
            to: Date.now(),
            attempts,
          };
        if (performance.now() > end) throw new Error(`${method} ${path} ends in ${response.status}: ${text}`);
      } catch (error) {
        if (performance.now() > end) throw error;
      }
      await pause(tryEvery);
    }
  }
}
