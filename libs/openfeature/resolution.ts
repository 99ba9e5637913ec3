import { ErrorCode, type FlagMetadata, type ResolutionDetails } from '@openfeature/server-sdk';
import type { Conditions } from '#client';
import { reasonSentences, type Reason } from '#decisions';
import type { Fault } from './read-context.js';

/** A decision, wherever it was made. */
export interface Decided {
  readonly effect: 'allow' | 'deny';
  readonly reason: string;
  readonly conditions: Conditions | null;
  readonly policyVersion: number | null;
  readonly revision: string | null;
}

/** Denies that are no decision about the person: the question could not be answered. */
const faults = ofReasons<ErrorCode>({
  'purpose.unknown': ErrorCode.FLAG_NOT_FOUND,
  'policy.missing': ErrorCode.FLAG_NOT_FOUND,
  'jurisdiction.unknown': ErrorCode.INVALID_CONTEXT,
  'dependency.unavailable': ErrorCode.GENERAL,
});

/** The reasons of the specification that denies have; others rest on what the person said. */
const denials = ofReasons<string>({
  'replica.stale': 'STALE',
  'revision.stale': 'STALE',
  // Nobody said anything: what is not allowed is denied.
  'consent.missing': 'DEFAULT',
  'subject.unknown': 'DEFAULT',
});
const sentences = ofReasons<string>(reasonSentences);

/**
 * A decision or a fault as the specification's resolution details. Only an allow is true. The SDK answers a fault that has an
 * error code with the caller's default: where that is no deny, the fault is told in the metadata alone, and the answer is false.
 */
export function resolutionOf(answer: Decided | Fault, defaultValue: boolean): ResolutionDetails<boolean> {
  if (!('effect' in answer)) return faulty(answer, {}, defaultValue);
  const flagMetadata = metadataOf(answer);
  if (answer.effect === 'allow')
    return { value: true, variant: 'allow', reason: 'TARGETING_MATCH', flagMetadata };
  const code = faults.get(answer.reason);
  if (code !== undefined)
    return faulty(
      { code, message: sentences.get(answer.reason) ?? answer.reason },
      flagMetadata,
      defaultValue,
    );
  return {
    value: false,
    variant: 'deny',
    reason: denials.get(answer.reason) ?? 'TARGETING_MATCH',
    flagMetadata,
  };
}

function faulty(
  { code, message }: Fault,
  metadata: FlagMetadata,
  defaultValue: boolean,
): ResolutionDetails<boolean> {
  const denied = {
    value: false,
    variant: 'deny',
    reason: 'ERROR',
    flagMetadata: { ...withheld, ...metadata, errorCode: code, errorMessage: message },
  };
  return defaultValue ? denied : { ...denied, errorCode: code, errorMessage: message };
}

/** Telemetry of the SDK names whom an evaluation was about by the targeting key, unless it is told otherwise. */
export const withheld: FlagMetadata = { contextId: 'withheld' };

function metadataOf({ reason, conditions, policyVersion, revision }: Decided): FlagMetadata {
  const { leaveOut = [], maximumAge = null } = conditions ?? {};
  return {
    ...withheld,
    reasonCode: reason,
    ...(revision === null ? {} : { revision }),
    ...(policyVersion === null ? {} : { policyVersion }),
    ...(leaveOut.length === 0 ? {} : { leaveOut: leaveOut.join(',') }),
    ...(maximumAge === null ? {} : { maximumAge }),
  };
}

/** The API may be newer than this, and give other reasons. */
function ofReasons<T>(values: Partial<Record<Reason, T>>): ReadonlyMap<string, T> {
  return new Map(Object.entries<T>(values));
}
