export { AccessModule } from './access.module.js';
export { Authenticate } from './authenticate.js';
export { CreateTenant } from './create-tenant.js';
export { abilityOf, type Action, type Principal, type Resource } from './domain/abilities.js';
export { Keys } from './keys.js';
export { issueOperatorKey } from './operator-key.js';
export { ApiKeyRow } from './rows/api-key.row.js';
export { TenantRow } from './rows/tenant.row.js';
