/**
 * For `it.skipIf(skipReason(...))`: answers whether to skip, and prints why, so that no test is ever silently left out.
 * The reason is what is missing, or null when nothing is.
 */
export function skipReason(reason: string | null): boolean {
  if (reason !== null) process.stderr.write(`skipped: ${reason}\n`);
  return reason !== null;
}
