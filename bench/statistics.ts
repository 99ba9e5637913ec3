/** Of the middle value, or of the two middle ones their mean. Throws for an empty list: a figure without rounds is none. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const upper = sorted[Math.floor(sorted.length / 2)];
  const lower = sorted[Math.floor((sorted.length - 1) / 2)];
  if (upper === undefined || lower === undefined) throw new RangeError('nothing was measured');
  return (upper + lower) / 2;
}

export function minimum(values: readonly number[]): number {
  return values.reduce((a, b) => Math.min(a, b));
}

export function maximum(values: readonly number[]): number {
  return values.reduce((a, b) => Math.max(a, b));
}
