/** Injection tokens for the two things that make a run unrepeatable: time and randomness. */
export const CLOCK = Symbol('Clock');
export const IDS = Symbol('IdSource');
