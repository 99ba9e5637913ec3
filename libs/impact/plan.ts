import { createHash } from 'node:crypto';
import { canonicalJson } from '#kernel';
import type { Change, Finding, GovernedWorld, Policy, PolicyFile } from '#policy';
import { digestOf } from '#policy';
import type { RegisteredStore } from '#stores';
import type { Breach } from './domain/breaches.js';
import type { DatasetImpact } from './domain/impact.js';

/** counting → ready → applied; or refused from the start. Listed in docs/lifecycles/policy.md; there are no others. */
export type PlanState = 'counting' | 'ready' | 'refused' | 'applied';

/** Where a thing of a policy was written. */
export interface ChangeOrigin {
  readonly file: string;
  readonly line: number;
  readonly pack?: string;
}

/** What a plan found without looking into a store. */
export interface Findings {
  readonly changes: readonly (Change & { readonly origin: ChangeOrigin | null })[];
  /** What took the place of a pack's, as `section/name`. */
  readonly replaced: readonly string[];
  /** How many fields are registered. */
  readonly fields: number;
  readonly uncovered: GovernedWorld['uncovered'];
  readonly conflicts: readonly Finding[];
  readonly unenforced: readonly Finding[];
  /** The limits that the change is held to. */
  readonly limits: Policy['limits'];
}

/** A dataset of which the new policy removes rows, counted or not yet. */
export interface CountedDataset {
  readonly store: string;
  readonly dataset: string;
  /** Rows are removed whole: all of these. */
  readonly fields: readonly string[];
  /** Null until it was counted, and when it could not be. */
  readonly counted: DatasetImpact | null;
  /** Why it could not be counted. */
  readonly error: string | null;
}

/** What a policy would change, and all that its author is shown before it may. */
export interface PolicyPlan {
  readonly id: string;
  readonly state: PlanState;
  /** The latest version when it was made; it applies to no other. */
  readonly base: number | null;
  readonly policy: Policy;
  readonly files: readonly PolicyFile[];
  readonly findings: Findings;
  readonly impact: readonly CountedDataset[];
  /** The digest of what was registered when it was made. */
  readonly world: string;
  /** Of everything shown; null before it is ready. */
  readonly digest: string | null;
  /** Null: as soon as it is applied. */
  readonly effectiveAt: Date | null;
  readonly actor: string;
  readonly createdAt: Date;
  readonly expiresAt: Date;
  readonly approvedBy: string | null;
  readonly approvalReason: string | null;
  readonly approvedAt: Date | null;
  /** The version that it became. */
  readonly version: number | null;
}

/** Why a plan needs a second person. */
export interface Scruples {
  readonly breaches: readonly Breach[];
  /** Datasets (`store/dataset`) that could not be counted: what would go is not known. */
  readonly uncounted: readonly string[];
}

/** base64(SHA-256) of everything that a plan shows: who applies it says with this what they saw. */
export function digestOfPlan(plan: Omit<PolicyPlan, 'digest' | 'state'>): string {
  const { id, base, policy, findings, impact, world, effectiveAt } = plan;
  const shown = {
    id,
    base,
    policy: digestOf(policy),
    findings,
    impact,
    world,
    effectiveAt: effectiveAt?.toISOString() ?? null,
  };
  return createHash('sha256').update(canonicalJson(shown)).digest('base64');
}

/** base64(SHA-256) of what is registered, as far as a policy can tell. */
export function digestOfWorld(stores: readonly RegisteredStore[]): string {
  const seen = stores.map(({ id, name, type, region, level, datasets }) => ({
    id,
    name,
    type,
    region,
    level,
    datasets,
  }));
  return createHash('sha256').update(canonicalJson(seen)).digest('base64');
}
