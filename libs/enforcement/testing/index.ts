export { accounts, Holding } from './holding.js';
export type { TestTenant } from './open-engine.js';
export { Stage } from './stage.js';
