import type { ConsentState } from '#decisions';

/**
 * What holds for one purpose when two subjects turn out to be one person: the stricter of what each had said. A no is
 * stricter than what has lapsed, and that is stricter than a yes; of two that are equally strict, the one that ends earlier, then the
 * one that was said last. Where only one had said anything, it holds: there is no conflict.
 */
export function stricter(a: ConsentState | undefined, b: ConsentState | undefined): ConsentState | undefined {
  if (a === undefined || b === undefined) return a ?? b;
  const [strict, other] = [strictness(a), strictness(b)];
  if (strict !== other) return strict > other ? a : b;
  const [end, otherEnd] = [endOf(a), endOf(b)];
  if (end !== otherEnd) return end < otherEnd ? a : b;
  return a.number >= b.number ? a : b;
}

function strictness({ action }: ConsentState): number {
  if (action === 'grant' || action === 'renew') return 0;
  return action === 'expire' ? 1 : 2;
}

function endOf({ expiresAt }: ConsentState): number {
  return expiresAt?.getTime() ?? Number.POSITIVE_INFINITY;
}
