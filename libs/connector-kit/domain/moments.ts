/** How the integer fields of stores count time since 1970-01-01T00:00:00Z. */
type EpochForm = 'epoch_seconds' | 'epoch_milliseconds';

/** The greatest count that is not after the moment: what a row at or before it is compared with by `<=`. */
export function epochAtOrBefore(form: EpochForm, moment: Date): bigint {
  const milliseconds = BigInt(moment.getTime());
  return form === 'epoch_milliseconds' ? milliseconds : floorDivide(milliseconds, 1_000n);
}

/** The least count that is not before the moment: what a row strictly before it is compared with by `<`. */
export function epochStrictlyBefore(form: EpochForm, moment: Date): bigint {
  const milliseconds = BigInt(moment.getTime());
  return form === 'epoch_milliseconds' ? milliseconds : -floorDivide(-milliseconds, 1_000n);
}

/** Division of bigints truncates towards zero, which is the wrong side before 1970. */
function floorDivide(value: bigint, by: bigint): bigint {
  return (value - (((value % by) + by) % by)) / by;
}
