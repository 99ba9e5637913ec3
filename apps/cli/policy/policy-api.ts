import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { DependencyError, DomainError } from '#kernel';
import { policySchema, type Policy, type PolicyFile } from '#policy';
import {
  appliedAnswer,
  planAnswer,
  problemAnswer,
  versionsAnswer,
  type Plan,
  type Versions,
} from './answers.js';

/** Where the API is and who asks. */
export interface Connection {
  readonly url: string;
  /** A file with the key, which takes the place of LETHE_KEY. */
  readonly keyFile?: string;
  readonly key?: string;
}

const longestCall = 60_000;
const pause = 300;

/** The part of the API that policies need. Errors are sentences for a person, and never show the key. */
export class PolicyApi {
  private constructor(
    private readonly url: string,
    private readonly key: string,
  ) {}

  /** Throws DomainError invalid when there is no key. */
  static async open({ url, keyFile, key }: Connection): Promise<PolicyApi> {
    if (!URL.canParse(url)) throw refusal('the URL of the API is not a URL: give --url or LETHE_URL');
    const found = keyFile === undefined ? key : await readKey(keyFile);
    if (found === undefined || found === '')
      throw refusal('no key: put one into LETHE_KEY, or name a file that holds it with --key-file');
    return new PolicyApi(url.replace(/\/+$/, ''), found);
  }

  async plan(body: {
    readonly files?: readonly PolicyFile[];
    readonly version?: number;
    readonly effectiveAt?: string;
  }): Promise<Plan> {
    return this.call('POST', '/v1/policy/plans', planAnswer, body);
  }

  async find(id: string): Promise<Plan> {
    return this.call('GET', `/v1/policy/plans/${encodeURIComponent(id)}`, planAnswer);
  }

  /** Waits until a plan is counted. Throws DependencyError timeout after so many seconds. */
  async counted(made: Plan, seconds: number, progress: (plan: Plan) => void): Promise<Plan> {
    const end = Date.now() + seconds * 1_000;
    let plan = made;
    while (plan.state === 'counting') {
      if (Date.now() > end)
        throw new DependencyError(
          'timeout',
          `the stores are still being counted after ${seconds} s: is a worker running? The plan is ${plan.id}`,
        );
      progress(plan);
      await sleep(pause);
      plan = await this.find(plan.id);
    }
    progress(plan);
    return plan;
  }

  async approve(id: string, reason: string): Promise<Plan> {
    return this.call('POST', `/v1/policy/plans/${encodeURIComponent(id)}/approval`, planAnswer, { reason });
  }

  async apply(id: string, digest: string): Promise<z.infer<typeof appliedAnswer>> {
    return this.call('POST', `/v1/policy/plans/${encodeURIComponent(id)}/application`, appliedAnswer, {
      digest,
    });
  }

  async history(): Promise<Versions> {
    return this.call('GET', '/v1/policy/versions', versionsAnswer);
  }

  /** The policy of a version; `current`: the one in force. */
  async policy(version: number | 'current'): Promise<Policy> {
    const path = version === 'current' ? '/v1/policy' : `/v1/policy/versions/${version}`;
    return (await this.call('GET', path, policyAnswer)).policy;
  }

  private async call<T>(method: string, path: string, answer: z.ZodType<T>, body?: object): Promise<T> {
    const response = await this.send(method, path, body);
    const value: unknown = await response.json().catch(() => undefined);
    if (!response.ok) throw problemOf(response.status, value);
    const parsed = answer.safeParse(value);
    if (!parsed.success)
      throw new DependencyError(
        'unexpected_response',
        `${this.url} does not answer as this version of Lethe does`,
      );
    return parsed.data;
  }

  private async send(method: string, path: string, body: object | undefined): Promise<Response> {
    try {
      return await fetch(`${this.url}${path}`, {
        method,
        headers: {
          authorization: `Bearer ${this.key}`,
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        signal: AbortSignal.timeout(longestCall),
      });
    } catch {
      throw new DependencyError(
        'unreachable',
        `there is no answer from ${this.url}: is Lethe running there (npm start)? Another place is named with --url or LETHE_URL`,
      );
    }
  }
}

const policyAnswer = z.object({ policy: policySchema });

async function readKey(file: string): Promise<string> {
  const text = await readFile(file, 'utf8').catch(() => undefined);
  if (text === undefined) throw refusal(`the key cannot be read from ${file}`);
  return text.trim();
}

/** A problem document (RFC 9457) as a sentence, with every fault on a line of its own. */
function problemOf(status: number, value: unknown): DomainError {
  const problem = problemAnswer.safeParse(value);
  if (!problem.success) return new DomainError('invalid', 'api.refused', `the API answered ${status}`);
  const { code, detail, errors } = problem.data;
  const hint = status === 401 ? ': the key is not known, or no longer valid' : '';
  const lines = errors.map(({ file, line, pointer, message }) => {
    const place = file === undefined ? '' : `${file}:${line ?? 1}  `;
    return `  ${place}${pointer}  ${message}`;
  });
  const [only] = errors;
  const shown = errors.length === 1 && only?.file === undefined ? [] : lines;
  return new DomainError('invalid', code, [`${detail}${hint} (${code})`, ...shown].join('\n'));
}

function refusal(sentence: string): DomainError {
  return new DomainError('invalid', 'policy.no_connection', sentence);
}
