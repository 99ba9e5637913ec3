import type { TenantState } from '#access';

/** How far a tenant's leaving has come, as its row says. */
export interface Offboarding {
  readonly state: TenantState;
  /** When it began to leave; null when it does not. */
  readonly since: Date | null;
  /** SHA-256 of the export that was taken last, in hex. */
  readonly exportDigest: string | null;
  /** The number of the last ledger entry that this export holds. */
  readonly exportRevision: number | null;
}

/** What an administrator does next, in words of the API. */
export const nextSteps = ['begin_offboarding', 'take_export', 'request_erasure', 'wait'] as const;
export type NextStep = (typeof nextSteps)[number];

/**
 * Whether an export still tells everything. It is recorded by an entry of its own, the one change that it cannot hold;
 * anything more, and be it a second export, and it no longer does.
 */
export function holdsEverything(exportRevision: number, revision: number): boolean {
  return revision === exportRevision + 1;
}

export function nextStep({ state, exportRevision }: Offboarding, revision: number): NextStep {
  if (state === 'active') return 'begin_offboarding';
  if (state !== 'offboarding') return 'wait';
  const taken = exportRevision !== null && holdsEverything(exportRevision, revision);
  return taken ? 'request_erasure' : 'take_export';
}
