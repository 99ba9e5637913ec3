export { BEATS, CLOCK, IDS, type Beats } from './tokens.js';
export { RuntimeModule, usualBeats } from './runtime.module.js';
