import { randomInt } from 'node:crypto';

const said = process.env['FUZZ_SEED'] ?? '1142678247';

/**
 * Every run asks the same, so that a change that fails is at fault itself. FUZZ_SEED=random asks what was never asked before; what it
 * finds says its seed, and FUZZ_SEED=<seed> repeats it.
 */
export const seed = said === 'random' ? randomInt(2 ** 31) : Number(said);
