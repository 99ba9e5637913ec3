/** How long to wait after the `times`-th failure in a row: doubling from first to longest, with jitter in [0, 1). */
export function backOff(
  { first, longest }: { readonly first: number; readonly longest: number },
  times: number,
  jitter: number,
): number {
  const ceiling = Math.min(longest, first * 2 ** (times - 1));
  return Math.ceil(ceiling * (0.5 + jitter / 2));
}
