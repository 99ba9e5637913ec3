import type { TenantId } from '#kernel';
import type { Role } from './roles.js';

/** What a key is narrowed to. A part that is not given narrows nothing. */
export interface Scope {
  readonly purposes?: readonly string[];
  /** Names of stores. */
  readonly stores?: readonly string[];
  readonly regions?: readonly string[];
}

/** active → offboarding → erasing → offboarded; only the first may change anything. */
export type TenantState = 'active' | 'offboarding' | 'erasing' | 'offboarded';

/** Who is asking, as authentication found out. Only the operator belongs to no tenant. */
export interface Principal {
  readonly tenant: TenantId | null;
  readonly tenantState: TenantState;
  readonly roles: readonly Role[];
  /** Which key or token, for the record: `key:<id>`, `token:<issuer id>:<digest>`, `break-glass:<id>`. Never a person's identifier. */
  readonly actor: string;
  readonly scope: Scope;
  /** The person that a host's token speaks for. */
  readonly person: PersonPrincipal | null;
  /** Pseudonyms of the people disclosed to this member of support at the moment. */
  readonly disclosed: readonly string[];
}

export interface PersonPrincipal {
  /** As `identifierKey` of #subjects spells it: type and normalised value. */
  readonly identifier: string;
  /** Null when Lethe has never met the person. */
  readonly subjectRef: string | null;
}
