import { z } from 'zod';
import { DomainError } from '#kernel';
import type { ActorKind, ConsentInput } from './consent.js';

/** An input with who it is from. */
export interface ConsentWrite {
  readonly input: ConsentInput;
  /** Under which it may be sent again. */
  readonly idempotencyKey: string | undefined;
  /** A key or a token's subject. */
  readonly actor: string;
  /** Who acts where the input does not say. */
  readonly actorKind: ActorKind;
}

export interface RecordedConsent {
  /** Hold on to this: a decision asked with it knows of this event. */
  readonly revision: string;
  readonly at: Date;
  readonly expiresAt: Date | null;
}

export type ConsentOutcome = RecordedConsent | DomainError;

const storedAnswer = z.object({
  revision: z.string(),
  at: z.coerce.date(),
  expiresAt: z.coerce.date().nullable(),
});

/** An answer as it was kept for whoever sends the same write again. */
export function readAnswer(answer: unknown): RecordedConsent {
  return storedAnswer.parse(answer);
}
