import { FollowedReplica, type FollowOptions } from './followed-replica.js';
import { request, type Connection, type JsonValue } from './http.js';

export { LetheProblem } from './http.js';

/** Where Lethe is and who asks. */
export interface ClientOptions {
  /** The address of the API, such as https://lethe.example. */
  readonly url: string;
  /** An API key, or what answers an access token that is in force. */
  readonly key: string | (() => string | Promise<string>);
  /** Which tenant a token is for; a key says it itself. */
  readonly tenant?: string;
  /** Another `fetch`, such as one with a proxy or a limit of its own. */
  readonly fetch?: typeof globalThis.fetch;
}

/** How a tenant names a person. */
interface Subject {
  readonly type: string;
  readonly value: string;
}

interface QuestionContext {
  readonly jurisdiction?: string;
  /** The token of a write that the answer must know of. */
  readonly revision?: string;
  readonly globalPrivacyControl?: boolean;
}

interface Collected {
  /** When the signal was collected, by RFC 3339; one from before the person's last word is judged by what held then as well. */
  readonly collectedAt?: string;
}

/** What somebody says about a purpose. */
export interface ConsentInput {
  readonly subject: Subject;
  readonly purpose: string;
  readonly action: 'grant' | 'refuse' | 'withdraw' | 'object' | 'renew' | 'invalidate';
  readonly channel?: string;
  readonly noticeVersion?: string;
  readonly language?: string;
  readonly jurisdiction?: string;
  readonly occurredAt?: string;
  readonly validity?: string;
  readonly context?: Readonly<Record<string, string>>;
}

/** A decision as the API answers it. */
export interface RemoteDecision {
  readonly effect: 'allow' | 'deny';
  readonly reason: string;
  readonly sentence: string;
  readonly basisRecord: JsonValue;
  readonly conditions: { readonly leaveOut: readonly string[]; readonly maximumAge: string | null } | null;
  readonly policyVersion: number | null;
  readonly revision: string | null;
}

/** Typed calls of the API that a personalisation service needs. Each rejects with a LetheProblem, or with what `fetch` rejects with. */
export class LetheClient {
  private readonly connection: Connection;

  constructor(options: ClientOptions) {
    const { url, key, tenant, fetch = globalThis.fetch } = options;
    this.connection = {
      url: url.replace(/\/+$/, ''),
      credentials: async () => (typeof key === 'string' ? key : key()),
      tenant,
      fetch,
    };
  }

  /** May this purpose use this person's signals now? */
  async decide(
    subject: Subject,
    purpose: string,
    context: QuestionContext & Collected = {},
  ): Promise<RemoteDecision> {
    return request<RemoteDecision>(this.connection, 'POST', '/v1/decisions', {
      subject,
      purpose,
      ...context,
    });
  }

  /** Up to 10,000 questions at once, answered in order. */
  async decideMany(
    questions: readonly ({
      readonly subject: Subject;
      readonly purpose: string;
      readonly jurisdiction?: string;
    } & Collected)[],
    context: Omit<QuestionContext, 'jurisdiction'> = {},
  ): Promise<readonly RemoteDecision[]> {
    const body = { questions, ...context };
    const { decisions } = await request<{ readonly decisions: readonly RemoteDecision[] }>(
      this.connection,
      'POST',
      '/v1/decisions/batch',
      body,
    );
    return decisions;
  }

  /** Which of up to 10,000 people may be used for one purpose; a yes or no for each, in order. */
  async filter(
    type: string,
    values: readonly string[],
    purpose: string,
    context: QuestionContext = {},
  ): Promise<readonly boolean[]> {
    const body = { purpose, subjects: { type, values }, ...context };
    const { allowed } = await request<{ readonly allowed: readonly boolean[] }>(
      this.connection,
      'POST',
      '/v1/decisions/filter',
      body,
    );
    return allowed;
  }

  /** Records what a person said. The key makes it safe to send again. */
  async recordConsent(
    consent: ConsentInput,
    idempotencyKey: string = globalThis.crypto.randomUUID(),
  ): Promise<{ readonly revision: string; readonly at: string; readonly expiresAt: string | null }> {
    return request(this.connection, 'POST', '/v1/consents', consent, { 'idempotency-key': idempotencyKey });
  }

  /** Takes back everything at once. */
  async withdrawEverything(subject: Subject, channel = 'api'): Promise<{ readonly revision: string | null }> {
    return request(this.connection, 'POST', '/v1/consents/withdrawal', { subject, channel });
  }

  /** Whether signals about each of these people may be written; to be asked before they are. */
  async guard(subjects: readonly Subject[]): Promise<readonly boolean[]> {
    const { allowed } = await request<{ readonly allowed: readonly boolean[] }>(
      this.connection,
      'POST',
      '/v1/signals/guard',
      { subjects },
    );
    return allowed;
  }

  /** Loads the state into this process and keeps it fresh; resolves once it can answer. */
  async replica(options: FollowOptions = {}): Promise<FollowedReplica> {
    return FollowedReplica.open(this.connection, options);
  }
}
