import type { NamedPart } from '#enforcement';
import type { TenantId } from '#kernel';

/** counting → counted, or failed where a store did not answer for everybody. */
export const previewStates = ['counting', 'counted', 'failed'] as const;
export type PreviewState = (typeof previewStates)[number];

/** What a deletion of some people would do. It names nobody. */
export interface Preview {
  readonly id: string;
  readonly state: PreviewState;
  /** How many different identifiers were given. */
  readonly people: number;
  /** Signals collected up to and including this moment are counted. */
  readonly asOf: Date;
  readonly policyVersion: number;
  /** By store and dataset; null until it was counted. */
  readonly parts: readonly NamedPart[] | null;
  /** Who asked. */
  readonly actor: string;
  readonly expiresAt: Date;
}

/** What the people of a preview are sealed for. */
export function peopleContext(tenant: TenantId, id: string): string {
  return `request-preview/${tenant}/${id}`;
}
