/** What the policy says about the lane of a store. */
export interface LaneRule {
  readonly rowsPerSecond?: number | undefined;
  /** How many calls of the store at once. */
  readonly concurrency?: number | undefined;
  /** Hours of the day, UTC: from and until, as 22-06. */
  readonly window?: string | undefined;
}

/** Whether an hour lies in the window: from its first hour on, up to its last. One of no hours is the whole day. */
export function isInWindow(window: string | undefined, now: Date): boolean {
  if (window === undefined) return true;
  const [from = 0, until = 0] = window.split('-').map(Number);
  const hour = now.getUTCHours();
  if (from === until) return true;
  return from < until ? from <= hour && hour < until : hour >= from || hour < until;
}

/** The moment before which no further call may begin, so that the rate holds from call to call. */
export function restUntil(
  rate: number | undefined,
  rows: number,
  call: { readonly started: Date; readonly before: Date | undefined },
): Date | undefined {
  const { started, before } = call;
  if (rate === undefined || rows === 0) return before;
  const from = before !== undefined && before > started ? before : started;
  return new Date(from.getTime() + Math.ceil((rows * 1_000) / rate));
}
