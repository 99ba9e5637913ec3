export { AccessModule } from './access.module.js';
export { KnownKeys } from './authenticate-key.js';
export { Authenticate, type Authenticated, type Credentials } from './authenticate.js';
export { OperateBreakGlass, OverseeBreakGlass, type BreakGlassView } from './break-glass.js';
export { CreateTenant } from './create-tenant.js';
export type { Action, Resource } from './domain/abilities.js';
export {
  breakGlassRoles,
  breakGlassStates,
  type BreakGlassRole,
  type BreakGlassState,
} from './domain/break-glass.js';
export { Caller } from './domain/caller.js';
export type { Filter } from './domain/filter.js';
export { issuerKinds, type IssuerKind, type ProposedIssuer } from './domain/issuer.js';
export type { Scope, TenantState } from './domain/principal.js';
export { algorithms, type Algorithm, type PublicKey, type PublicKeys } from './domain/public-keys.js';
export { keyRoles, staffRoles, type KeyRole, type StaffRole } from './domain/roles.js';
export { Issuers, type IssuerView } from './issuers.js';
export { FindTenant } from './find-tenant.js';
export { Keys, ListKeys } from './keys.js';
export { issueOperatorKey, revokeOperatorKey } from './operator-key.js';
export { ApiKeyRow } from './rows/api-key.row.js';
export { BreakGlassRow } from './rows/break-glass.row.js';
export { IssuerRow } from './rows/issuer.row.js';
export { TenantRow } from './rows/tenant.row.js';
