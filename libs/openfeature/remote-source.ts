import { ErrorCode } from '@openfeature/server-sdk';
import { LetheProblem, type LetheClient } from '#client';
import type { DecisionSource, Health } from './decision-source.js';
import type { Fault, Question } from './read-context.js';
import type { Decided } from './resolution.js';

/** Asks the API each time. */
export class RemoteSource implements DecisionSource {
  private isOpen = false;
  private health: Health = 'ready';

  constructor(
    private readonly client: LetheClient,
    private readonly timeoutMs: number,
    private readonly tell: (health: Health, why?: string) => void,
  ) {}

  open(): Promise<void> {
    this.isOpen = true;
    return Promise.resolve();
  }

  async ask({ subject, purpose, ...context }: Question): Promise<Decided | Fault> {
    if (!this.isOpen) return { code: ErrorCode.PROVIDER_NOT_READY, message: 'the provider is closed' };
    try {
      const decided = await this.inTime(this.client.decide(subject, purpose, context));
      this.become(decided.reason === 'dependency.unavailable' ? 'error' : 'ready', decided.sentence);
      return decided;
    } catch (error) {
      return this.faultOf(error);
    }
  }

  close(): void {
    this.isOpen = false;
  }

  private faultOf(error: unknown): Fault {
    const message = error instanceof Error ? error.message : 'the API did not answer';
    if (error instanceof LetheProblem && error.status === 400)
      return { code: ErrorCode.INVALID_CONTEXT, message };
    this.become('error', message);
    return { code: ErrorCode.GENERAL, message };
  }

  /** Who waits for a yes gets a no in time. */
  private async inTime<T>(answer: Promise<T>): Promise<T> {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => {
        reject(new Error(`the API did not answer within ${this.timeoutMs} ms`));
      }, this.timeoutMs);
    });
    try {
      return await Promise.race([answer, late]);
    } finally {
      clearTimeout(timer);
    }
  }

  private become(health: Health, why: string): void {
    if (health === this.health) return;
    this.health = health;
    this.tell(health, health === 'ready' ? undefined : why);
  }
}
