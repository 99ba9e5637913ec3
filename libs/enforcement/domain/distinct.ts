type Row = Readonly<Record<string, unknown>>;

/** Objects that say the same, once each, in the order in which they first came. */
export class Distinct {
  private readonly places = new Map<string, number>();
  private last: { readonly row: Row; readonly place: number } | undefined;

  /** From 1. */
  placeOf(row: Row): number {
    // Those of one person follow each other.
    if (this.last !== undefined && isSame(this.last.row, row)) return this.last.place;
    const text = JSON.stringify(row);
    const place = this.places.get(text) ?? this.places.size + 1;
    this.places.set(text, place);
    this.last = { row, place };
    return place;
  }

  json(): string {
    return `[${[...this.places.keys()].join(',')}]`;
  }
}

/** Whether two have the very same members; others may say the same all the same. */
function isSame(one: Row, other: Row): boolean {
  for (const name in one) if (one[name] !== other[name]) return false;
  return true;
}
