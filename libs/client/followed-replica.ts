import {
  readSnapshot,
  Replica,
  type Answer,
  type AnswerContext,
  type Conditions,
  type DecisionRules,
  type Subject,
  type TravellingPerson,
} from '#decisions';
import { call, request, type Connection } from './http.js';

export interface FollowOptions {
  /** How old the state may be that answers, in milliseconds: beyond it every answer is a deny. By default 250. */
  readonly boundMs?: number;
  /** How often changes are asked for, in milliseconds. By default 50; a fifth of the bound is a good measure. */
  readonly everyMs?: number;
  /** One of so many equal parts of the people, such as 0/4: then only they are known here. */
  readonly shard?: string;
  /** Hears what went wrong while following; answers are denied meanwhile, and it goes on trying. */
  readonly onError?: (error: unknown) => void;
}

/** What comes with a question. */
export interface MayContext extends Omit<AnswerContext, 'atLeast'> {
  /** The token of a write that the answer must know of. */
  readonly revision?: string;
}

interface Changes {
  readonly revision: string;
  readonly policyVersion: number | null;
  readonly rules: DecisionRules | null;
  readonly reload: boolean;
  readonly people: readonly TravellingPerson[];
}

/** A state with what it was taken under. */
interface Loaded {
  readonly replica: Replica;
  readonly epoch: number;
  readonly purposes: readonly string[];
  readonly notices: string;
  policyVersion: number | null;
}

const stale: Answer = Object.freeze({ effect: 'deny', reason: 'replica.stale' });
const behind: Answer = Object.freeze({ effect: 'deny', reason: 'revision.stale' });
const second = 1_000;

/**
 * The consents of a tenant, or of a part of its people, in this process: `may` answers without network. The state's age runs
 * on this process's own monotonic clock, from when it asked for what it then took in; beyond the bound it denies. So a process
 * that is cut off, or too busy to follow, denies within the bound, whatever the clocks of others say.
 */
export class FollowedReplica {
  private loaded: Loaded | undefined;
  private confirmedAt = Number.NEGATIVE_INFINITY;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private closed = false;
  private readonly bound: number;
  private readonly every: number;
  private readonly abort = new AbortController();

  private constructor(
    private readonly connection: Connection,
    private readonly options: FollowOptions,
  ) {
    this.bound = options.boundMs ?? 250;
    this.every = options.everyMs ?? 50;
  }

  /** Rejects when the first snapshot cannot be had. */
  static async open(connection: Connection, options: FollowOptions): Promise<FollowedReplica> {
    const followed = new FollowedReplica(connection, options);
    await followed.load();
    await followed.catchUp();
    followed.schedule();
    return followed;
  }

  /** May this purpose use this person's signals now? The same answer as the API's, in short. */
  may(subject: Subject, purpose: string, context?: MayContext): Answer {
    const { loaded } = this;
    if (loaded === undefined || !this.isFresh) return stale;
    const seconds = Math.floor(Date.now() / second);
    if (context?.revision === undefined) return loaded.replica.may(subject, purpose, seconds, context);
    const atLeast = numberOf(context.revision, loaded.epoch);
    return atLeast === undefined
      ? behind
      : loaded.replica.may(subject, purpose, seconds, { ...context, atLeast });
  }

  /** `may` as a plain yes or no, for those who write `if (replica.allows(...))`. */
  allows(subject: Subject, purpose: string, context?: MayContext): boolean {
    return this.may(subject, purpose, context).effect === 'allow';
  }

  /** How old the state is at most, in milliseconds. */
  get age(): number {
    return performance.now() - this.confirmedAt;
  }

  /** Whether it is within its bound; where it is not, every answer is a deny. */
  get isFresh(): boolean {
    return this.age <= this.bound;
  }

  /** What an allow for a purpose is bound to: categories to leave out, and how old signals may be. */
  conditions(purpose: string): Conditions | undefined {
    return this.loaded?.replica.conditions(purpose);
  }

  /** The version of the policy that it decides by; null when none is in force. */
  get policyVersion(): number | null {
    return this.loaded?.policyVersion ?? null;
  }

  /** The revision that it knows of, as the API writes it. */
  get revision(): string | null {
    const { loaded } = this;
    return loaded === undefined ? null : `${loaded.epoch}.${loaded.replica.revision}`;
  }

  /** How many identifiers are known, and the memory they take in bytes. */
  get size(): { readonly identifiers: number; readonly bytes: number } {
    return { identifiers: this.loaded?.replica.size ?? 0, bytes: this.loaded?.replica.bytes ?? 0 };
  }

  /** Stops following and forgets what it knew: from then on every answer is a deny. */
  close(): void {
    this.closed = true;
    this.loaded = undefined;
    clearTimeout(this.timer);
    this.abort.abort();
  }

  private schedule(): void {
    if (this.closed) return;
    this.timer = setTimeout(() => void this.follow(), this.every);
    // Nobody stays alive for the sake of being fresh.
    if (typeof this.timer === 'object') this.timer.unref();
  }

  private async follow(): Promise<void> {
    try {
      await this.catchUp();
    } catch (error) {
      if (!this.closed) this.options.onError?.(error);
    }
    this.schedule();
  }

  /** Takes in what changed; where that is too much to tell, everything anew. */
  private async catchUp(): Promise<void> {
    const { loaded } = this;
    if (loaded === undefined) return;
    const askedAt = performance.now();
    const query = new URLSearchParams({ after: `${loaded.epoch}.${loaded.replica.revision}` });
    if (loaded.policyVersion !== null) query.set('policyVersion', String(loaded.policyVersion));
    if (this.options.shard !== undefined) query.set('shard', this.options.shard);
    const changes = await request<Changes>(this.connection, 'GET', `/v1/replica/changes?${query.toString()}`);
    if (changes.reload || !stillFits(loaded, changes.rules)) {
      await this.load();
      return this.catchUp();
    }
    for (const person of changes.people) loaded.replica.set(person);
    if (changes.rules !== null) loaded.replica.govern(changes.rules);
    loaded.policyVersion = changes.policyVersion;
    loaded.replica.revision = numberOf(changes.revision, loaded.epoch) ?? loaded.replica.revision;
    this.confirmedAt = askedAt;
  }

  /** The old state answers, while it is fresh, until the new one is whole. */
  private async load(): Promise<void> {
    const { shard } = this.options;
    const path =
      shard === undefined ? '/v1/replica' : `/v1/replica?${new URLSearchParams({ shard }).toString()}`;
    const response = await call(this.connection, path, { signal: this.abort.signal });
    if (response.body === null) throw new Error('the snapshot has no body');
    let loaded: Loaded | undefined;
    await readSnapshot(response.body, {
      head: ({ key, purposes, rules, epoch, revision }) => {
        const replica = new Replica(bytesOf(key), purposes);
        replica.govern(rules ?? undefined);
        replica.revision = revision;
        const policyVersion = rules?.policyVersion ?? null;
        loaded = { replica, epoch, purposes, notices: noticesOf(rules), policyVersion };
      },
      person: (high, low, person) => {
        loaded?.replica.setPacked(high, low, person);
      },
    });
    if (!this.closed) this.loaded = loaded;
  }
}

/** Whether a policy numbers and reads its purposes as the one of the snapshot did. */
function stillFits({ purposes, notices }: Loaded, rules: DecisionRules | null): boolean {
  if (rules === null) return true;
  const names = Object.keys(rules.purposes).sort();
  return names.join(' ') === purposes.join(' ') && noticesOf(rules) === notices;
}

/** Which notices consents must have been given under: the states of a snapshot say so already. */
function noticesOf(rules: DecisionRules | null): string {
  return JSON.stringify(
    Object.entries(rules?.purposes ?? {})
      .map(([name, { onlyNotice }]) => [name, onlyNotice])
      .sort(),
  );
}

/** The number of a revision of this epoch; undefined for one of another, or none. */
function numberOf(revision: string, epoch: number): number | undefined {
  const [, of, number] = /^(\d{1,9})\.(\d{1,15})$/.exec(revision) ?? [];
  return of === undefined || number === undefined || Number(of) !== epoch ? undefined : Number(number);
}

function bytesOf(hex: string): Uint8Array {
  return Uint8Array.from(hex.match(/../g) ?? [], (byte) => Number.parseInt(byte, 16));
}
