export { BEATS, CLOCK, IDS, type Beats } from './tokens.js';
export { Elsewhere, Regions } from './regions.js';
export { RuntimeModule, usualBeats } from './runtime.module.js';
