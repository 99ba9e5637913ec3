export { CLOCK, IDS } from './tokens.js';
export { RuntimeModule } from './runtime.module.js';
