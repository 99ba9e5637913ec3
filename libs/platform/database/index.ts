export { isDataError, isUniqueViolation } from './data-error.js';
export { DatabaseModule } from './database.module.js';
export { migrate, type Migration } from './migrate.js';
export { PreparedStatements } from './prepared.js';
export { dropLogins, prepareLogins, prepareRoles, type RoleUrls } from './roles.js';
export { Transactions } from './transactions.js';
