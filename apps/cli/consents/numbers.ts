/** A count as people write it. */
export function number(count: number): string {
  return count.toLocaleString('en');
}

const units = ['byte', 'kilobyte', 'megabyte', 'gigabyte', 'terabyte'] as const;

/** An amount of bytes in the unit that suits it. */
export function bytes(amount: number): string {
  const power = amount < 1_000 ? 0 : Math.min(Math.floor(Math.log10(amount) / 3), units.length - 1);
  const unit = units[power] ?? 'byte';
  const digits = power === 0 ? 0 : 1;
  return (amount / 1_000 ** power).toLocaleString('en', {
    style: 'unit',
    unit,
    unitDisplay: power === 0 ? 'long' : 'short',
    minimumFractionDigits: digits,
    maximumFractionDigits: digits,
  });
}
