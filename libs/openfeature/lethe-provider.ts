import {
  ErrorCode,
  OpenFeatureEventEmitter,
  ProviderEvents,
  type EvaluationContext,
  type JsonValue,
  type Provider,
  type ResolutionDetails,
} from '@openfeature/server-sdk';
import type { FollowOptions, LetheClient } from '#client';
import type { DecisionSource, Health } from './decision-source.js';
import { denyOnError } from './deny-on-error.js';
import { FollowedSource } from './followed-source.js';
import { readContext } from './read-context.js';
import { RemoteSource } from './remote-source.js';
import { resolutionOf } from './resolution.js';

export interface LetheProviderOptions {
  /** What a targeting key is, such as `account_id`; `identifierType` of a context goes before it. */
  readonly identifierType: string;
  /** With it, decisions are made in this process, from a replica that follows; otherwise the API is asked each time. */
  readonly replica?: FollowOptions;
  /** How long the API is waited for before an answer is a deny, in milliseconds. By default 1,000. */
  readonly timeoutMs?: number;
  /** How long a replica is stale before that is an error, in milliseconds. By default 5,000. It denies either way. */
  readonly errorAfterMs?: number;
}

const events = {
  ready: ProviderEvents.Ready,
  stale: ProviderEvents.Stale,
  error: ProviderEvents.Error,
} as const;

/**
 * OpenFeature's provider: a flag key is a purpose, and true is an allow. Whatever goes wrong is false, whatever the default of
 * the caller. It holds for the server SDK, and for boolean flags: others are a type mismatch.
 */
export class LetheProvider implements Provider {
  readonly metadata = { name: 'lethe' } as const;
  readonly runsOn = 'server';
  readonly events = new OpenFeatureEventEmitter();
  readonly hooks = [denyOnError];
  private readonly source: DecisionSource;

  constructor(
    client: LetheClient,
    private readonly options: LetheProviderOptions,
  ) {
    const { replica, timeoutMs = 1_000, errorAfterMs = 5_000 } = options;
    const tell = (health: Health, message?: string) => {
      this.events.emit(events[health], message === undefined ? {} : { message });
    };
    this.source =
      replica === undefined
        ? new RemoteSource(client, timeoutMs, tell)
        : new FollowedSource(client, { ...replica, errorAfterMs }, tell);
  }

  async initialize(): Promise<void> {
    await this.source.open();
  }

  onClose(): Promise<void> {
    this.source.close();
    return Promise.resolve();
  }

  async resolveBooleanEvaluation(
    flagKey: string,
    defaultValue: boolean,
    context: EvaluationContext,
  ): Promise<ResolutionDetails<boolean>> {
    const question = readContext(flagKey, context, this.options.identifierType);
    return resolutionOf('code' in question ? question : await this.source.ask(question), defaultValue);
  }

  resolveStringEvaluation(_flagKey: string, defaultValue: string): Promise<ResolutionDetails<string>> {
    return mismatch(defaultValue);
  }

  resolveNumberEvaluation(_flagKey: string, defaultValue: number): Promise<ResolutionDetails<number>> {
    return mismatch(defaultValue);
  }

  resolveObjectEvaluation<T extends JsonValue>(
    _flagKey: string,
    defaultValue: T,
  ): Promise<ResolutionDetails<T>> {
    return mismatch(defaultValue);
  }
}

function mismatch<T>(value: T): Promise<ResolutionDetails<T>> {
  return Promise.resolve({
    value,
    reason: 'ERROR',
    errorCode: ErrorCode.TYPE_MISMATCH,
    errorMessage: 'whether a purpose is allowed is a boolean',
  });
}
