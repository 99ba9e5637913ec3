import { z } from 'zod';
import type { Scope } from './principal.js';

const names = z.array(z.string().min(1).max(63)).min(1).max(100);
const scope = z.strictObject({ purposes: names, stores: names, regions: names }).partial().nullable();

/** A scope as it is stored. Throws for anything else: a key whose narrowing cannot be read is not to be used. */
export function parseScope(stored: unknown): Scope {
  const { purposes, stores, regions } = scope.parse(stored) ?? {};
  return {
    ...(purposes === undefined ? {} : { purposes }),
    ...(stores === undefined ? {} : { stores }),
    ...(regions === undefined ? {} : { regions }),
  };
}
