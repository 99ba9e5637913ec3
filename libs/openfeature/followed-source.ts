import { ErrorCode, GeneralError, ProviderFatalError } from '@openfeature/server-sdk';
import { LetheProblem, type FollowedReplica, type FollowOptions, type LetheClient } from '#client';
import type { DecisionSource, Health } from './decision-source.js';
import type { Fault, Question } from './read-context.js';
import type { Decided } from './resolution.js';

/** Between two attempts to load what could not be had at first, in milliseconds. */
const pause = 1_000;

/** Decides in this process, from a replica that follows. */
export class FollowedSource implements DecisionSource {
  private replica: FollowedReplica | undefined;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private closed = false;
  private health: Health = 'ready';
  private staleSince = 0;
  private problem: string | undefined;

  constructor(
    private readonly client: LetheClient,
    private readonly options: FollowOptions & { readonly errorAfterMs: number },
    private readonly tell: (health: Health, why?: string) => void,
  ) {}

  /** Rejects when the first state cannot be had; goes on trying, unless the API refuses. */
  async open(): Promise<void> {
    clearTimeout(this.timer);
    this.closed = false;
    this.health = 'ready';
    try {
      await this.load();
    } catch (error) {
      const message = sentenceOf(error);
      if (isRefusal(error)) throw new ProviderFatalError(message);
      this.health = 'error';
      this.again(() => this.retry(), pause);
      throw new GeneralError(message);
    }
  }

  ask({ subject, purpose, jurisdiction, revision, globalPrivacyControl }: Question): Decided | Fault {
    const { replica } = this;
    if (replica === undefined)
      return { code: ErrorCode.PROVIDER_NOT_READY, message: 'what people said is not loaded, or no longer' };
    const { effect, reason } = replica.may(subject, purpose, {
      ...(jurisdiction === undefined ? {} : { jurisdiction }),
      ...(revision === undefined ? {} : { revision }),
      ...(globalPrivacyControl === undefined ? {} : { optOutSignal: globalPrivacyControl }),
    });
    return {
      effect,
      reason,
      conditions: effect === 'allow' ? (replica.conditions(purpose) ?? null) : null,
      policyVersion: replica.policyVersion,
      revision: replica.revision,
    };
  }

  close(): void {
    this.closed = true;
    clearTimeout(this.timer);
    this.replica?.close();
    this.replica = undefined;
  }

  private async load(): Promise<void> {
    const { onError } = this.options;
    const replica = await this.client.replica({
      ...this.options,
      onError: (error) => {
        this.problem = sentenceOf(error);
        onError?.(error);
      },
    });
    if (this.closed) {
      replica.close();
      return;
    }
    this.replica = replica;
    this.watch();
  }

  private async retry(): Promise<void> {
    try {
      await this.load();
    } catch (error) {
      this.options.onError?.(error);
      this.again(() => this.retry(), pause);
    }
  }

  /** Looks how old the state is, as often as changes are asked for. */
  private watch(): void {
    if (this.replica?.isFresh !== false) {
      this.staleSince = performance.now();
      this.become('ready');
    } else if (performance.now() - this.staleSince > this.options.errorAfterMs) this.become('error');
    else this.become('stale');
    this.again(() => {
      this.watch();
    }, this.options.everyMs ?? 50);
  }

  private become(health: Health): void {
    if (health === this.health) return;
    this.health = health;
    this.tell(health, health === 'ready' ? undefined : this.problem);
  }

  private again(step: () => unknown, milliseconds: number): void {
    if (this.closed) return;
    this.timer = setTimeout(step, milliseconds);
    // Nobody stays alive for the sake of being fresh.
    if (typeof this.timer === 'object') this.timer.unref();
  }
}

function isRefusal(error: unknown): boolean {
  return error instanceof LetheProblem && (error.status === 401 || error.status === 403);
}

function sentenceOf(error: unknown): string {
  return error instanceof Error ? error.message : 'the API did not answer';
}
