import { DomainError } from '#kernel';
import type { Role } from './roles.js';

/** An administrator could issue keys that outlast the access, so nobody becomes one this way. */
export const breakGlassRoles = ['privacy_officer', 'auditor'] as const satisfies readonly Role[];
export type BreakGlassRole = (typeof breakGlassRoles)[number];

export const breakGlassStates = ['requested', 'lapsed', 'approved', 'expired', 'ended'] as const;
export type BreakGlassState = (typeof breakGlassStates)[number];

/** An operator's access to one tenant: what was asked for, by whom, and what has become of it. */
export interface BreakGlassGrant {
  readonly id: string;
  readonly role: BreakGlassRole;
  readonly reason: string;
  /** For how long, from the approval on. */
  readonly minutes: number;
  /** Ids of operators' keys. */
  readonly requestedBy: string;
  readonly requestedAt: Date;
  readonly approvedBy: string | null;
  readonly approvedAt: Date | null;
  readonly endsAt: Date | null;
  /** The actor that ended it before its time, of either side. */
  readonly endedBy: string | null;
  readonly endedAt: Date | null;
}

export type Approval = { readonly approvedBy: string; readonly approvedAt: Date; readonly endsAt: Date };
export type Ending = { readonly endedBy: string; readonly endedAt: Date };

const minute = 60_000;
/** A request that nobody approves lapses after this long, in milliseconds. */
const lapsesAfter = 24 * 60 * minute;

/** A limit is the first moment at which the access is no more. */
export function stateOf(
  grant: Pick<BreakGlassGrant, 'requestedAt' | 'endsAt' | 'endedAt'>,
  now: Date,
): BreakGlassState {
  if (grant.endedAt !== null) return 'ended';
  if (grant.endsAt !== null) return now < grant.endsAt ? 'approved' : 'expired';
  return now.getTime() < grant.requestedAt.getTime() + lapsesAfter ? 'requested' : 'lapsed';
}

/**
 * Four eyes. Throws DomainError forbidden `break_glass.same_operator`, conflict `break_glass.not_requested` for what is
 * approved, over or lapsed.
 */
export function approve(grant: BreakGlassGrant, operatorKey: string, now: Date): Approval {
  if (operatorKey === grant.requestedBy) {
    throw new DomainError(
      'forbidden',
      'break_glass.same_operator',
      'another operator than the one that asked has to approve it',
    );
  }
  const state = stateOf(grant, now);
  if (state !== 'requested')
    throw new DomainError('conflict', 'break_glass.not_requested', `the access is ${state}, not requested`);
  return {
    approvedBy: operatorKey,
    approvedAt: now,
    endsAt: new Date(now.getTime() + grant.minutes * minute),
  };
}

/** A request can be ended as well. Throws DomainError conflict `break_glass.over` for what is over by itself or ended. */
export function end(grant: BreakGlassGrant, actor: string, now: Date): Ending {
  const state = stateOf(grant, now);
  if (state !== 'requested' && state !== 'approved')
    throw new DomainError('conflict', 'break_glass.over', `the access is over: ${state}`);
  return { endedBy: actor, endedAt: now };
}

/** Only for the operator that asked for it: the approver gets nothing. */
export function isInForce(grant: BreakGlassGrant, operatorKey: string, now: Date): boolean {
  return grant.requestedBy === operatorKey && stateOf(grant, now) === 'approved';
}
