import type { Hook } from '@openfeature/server-sdk';
import { withheld } from './resolution.js';

/**
 * Where the SDK does not ask the provider (it is not ready, or failed for good) or somebody's hook throws, it answers the
 * caller's default. A yes that nobody decided is turned into a no here, before anybody sees it.
 */
export const denyOnError: Hook = {
  finally: ({ flagValueType }, details) => {
    if (flagValueType !== 'boolean' || details.errorCode === undefined) return;
    Object.assign(details, {
      value: false,
      variant: 'deny',
      flagMetadata: Object.freeze({ ...withheld, ...details.flagMetadata }),
    });
  },
};
