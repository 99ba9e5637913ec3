import { ErrorCode, type EvaluationContext } from '@openfeature/server-sdk';
import type { Subject } from '#client';

/** What is asked: may this purpose use this person's signals now? */
export interface Question {
  readonly purpose: string;
  readonly subject: Subject;
  readonly jurisdiction?: string;
  /** The token of a write that the answer must know of. */
  readonly revision?: string;
  readonly globalPrivacyControl?: boolean;
}

/** Why a question cannot be asked, or was not answered. */
export interface Fault {
  readonly code: ErrorCode;
  readonly message: string;
}

/**
 * Reads a question from an evaluation context: `targetingKey` is the person, by an identifier of the type `identifierType`; of
 * the other members only those of a question are looked at. One that is not what it should be is a fault, never left out:
 * it may have been a no.
 */
export function readContext(purpose: string, context: EvaluationContext, type: string): Question | Fault {
  const { targetingKey: value, identifierType, jurisdiction, revision, globalPrivacyControl } = context;
  if (value === undefined || value === '')
    return {
      code: ErrorCode.TARGETING_KEY_MISSING,
      message: 'the context has no targetingKey: it names the person',
    };
  const message = faultIn(context);
  if (message !== undefined) return { code: ErrorCode.INVALID_CONTEXT, message };
  return {
    purpose,
    subject: { type: typeof identifierType === 'string' ? identifierType : type, value },
    ...(typeof jurisdiction === 'string' ? { jurisdiction } : {}),
    ...(typeof revision === 'string' ? { revision } : {}),
    ...(typeof globalPrivacyControl === 'boolean' ? { globalPrivacyControl } : {}),
  };
}

function faultIn({ globalPrivacyControl, signals, ...others }: EvaluationContext): string | undefined {
  const texts = ['targetingKey', 'identifierType', 'jurisdiction', 'revision'];
  const wrong = texts.find((name) => !isAbsent(others[name]) && typeof others[name] !== 'string');
  if (wrong !== undefined) return `${wrong} of the context is no string`;
  if (!isAbsent(globalPrivacyControl) && typeof globalPrivacyControl !== 'boolean')
    return 'globalPrivacyControl of the context is neither true nor false';
  return isAbsent(signals)
    ? undefined
    : 'consent strings (signals) are not read here: ask POST /v1/decisions with them';
}

function isAbsent(value: unknown): value is undefined | null {
  return value === undefined || value === null;
}
