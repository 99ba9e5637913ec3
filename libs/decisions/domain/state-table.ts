/** What a state is packed to: four bits. `outdated` is a yes under a notice that has changed and asks again. */
export const stateCodes = {
  none: 0,
  grant: 1,
  refuse: 2,
  withdraw: 3,
  object: 4,
  expire: 5,
  invalidate: 6,
  renew: 7,
  outdated: 8,
} as const;

/** No end, in epoch seconds. */
export const never = 0xff_ff_ff_ff;

/** Consents that end at the same second, as those of one dialog do. */
export interface ExpiryGroup {
  /** Epoch seconds. */
  readonly at: number;
  /** A bit for each purpose, 32 to a word. */
  readonly purposes: Uint32Array;
}

/** A person as the table takes them in. */
export interface PackedPerson {
  readonly known: boolean;
  readonly suppressed: boolean;
  /** Four bits for each purpose, eight to a word. */
  readonly states: Uint32Array;
  readonly expiries: readonly ExpiryGroup[];
}

const head = 4;
const usedFlag = 1;
const knownFlag = 2;
const suppressedFlag = 4;
const placeShift = 3;
const perTwo32 = 2 ** -32;
const fullest = 0.75;

/**
 * What many people said about many purposes, in one block of memory: open addressing by a keyed hash, a slot of four words and
 * four bits a purpose for each person. Ends of consents stand beside it, grouped by when they end; a slot has the earliest, so
 * that they are looked at only when one has come. Nobody is taken out: who is unknown again keeps a slot until the next load.
 */
export class StateTable {
  size = 0;
  private slots: Uint32Array;
  private capacity: number;
  private width: number;
  private ends = new Uint32Array(1_024);
  private endsUsed = 0;
  private endsLost = 0;

  constructor(
    private purposes: number,
    expected = 1_024,
  ) {
    this.width = head + Math.ceil(purposes / 8);
    this.capacity = Math.max(16, Math.ceil(expected / fullest));
    this.slots = new Uint32Array(this.capacity * this.width);
  }

  /** Memory in bytes. */
  get bytes(): number {
    return this.slots.byteLength + this.ends.byteLength;
  }

  /** Where the person of this hash is, or -1. Valid until the next `set` or `widen`. */
  find(high: number, low: number): number {
    const { slots, width, capacity } = this;
    let index = Math.trunc(high * capacity * perTwo32);
    for (;;) {
      const at = index * width;
      if (((slots[at + 3] ?? 0) & usedFlag) === 0) return -1;
      if (slots[at] === high && slots[at + 1] === low) return at;
      index += 1;
      if (index === capacity) index = 0;
    }
  }

  isKnown(at: number): boolean {
    return ((this.slots[at + 3] ?? 0) & knownFlag) !== 0;
  }

  isSuppressed(at: number): boolean {
    return ((this.slots[at + 3] ?? 0) & suppressedFlag) !== 0;
  }

  /** One of `stateCodes`. */
  state(at: number, purpose: number): number {
    return ((this.slots[at + head + (purpose >>> 3)] ?? 0) >>> ((purpose & 7) << 2)) & 15;
  }

  /** Whether the consent has run out: it holds up to its end, and not at it. */
  hasEnded(at: number, purpose: number, seconds: number): boolean {
    if (seconds < (this.slots[at + 2] ?? 0)) return false;
    return seconds >= this.endOf(at, purpose);
  }

  set(high: number, low: number, person: PackedPerson): void {
    let at = this.find(high, low);
    if (at < 0) {
      if (this.size + 1 > this.capacity * fullest) this.grow(Math.ceil(this.capacity * 1.5));
      at = this.claim(high, low);
      this.size += 1;
    }
    const place = this.slots[at + 3] ?? 0;
    this.endsLost += this.endsAt(place >>> placeShift);
    this.fill(at, person);
    if (this.endsLost > 65_536 && this.endsLost * 2 > this.endsUsed)
      this.rebuild(this.capacity, this.purposes);
  }

  /** More purposes than before; what is known of the others stays. */
  widen(purposes: number): void {
    if (purposes > this.purposes) this.rebuild(this.capacity, purposes);
  }

  private claim(high: number, low: number): number {
    const { slots, width, capacity } = this;
    let index = Math.trunc(high * capacity * perTwo32);
    while (((slots[index * width + 3] ?? 0) & usedFlag) !== 0) index = index + 1 === capacity ? 0 : index + 1;
    slots[index * width] = high;
    slots[index * width + 1] = low;
    return index * width;
  }

  private fill(at: number, { known, suppressed, states, expiries }: PackedPerson): void {
    const { slots } = this;
    for (let word = 0; word < this.width - head; word += 1) slots[at + head + word] = states[word] ?? 0;
    let earliest = never;
    for (const { at: end } of expiries) earliest = Math.min(earliest, end);
    slots[at + 2] = earliest;
    const flags = usedFlag | (known ? knownFlag : 0) | (suppressed ? suppressedFlag : 0);
    slots[at + 3] = ((this.keepEnds(expiries) << placeShift) | flags) >>> 0;
  }

  /** Where the ends were put, from 1; 0 for none. */
  private keepEnds(expiries: readonly ExpiryGroup[]): number {
    if (expiries.length === 0) return 0;
    const words = this.maskWords();
    const needed = 1 + expiries.length * (1 + words);
    while (this.endsUsed + needed > this.ends.length) {
      const larger = new Uint32Array(Math.ceil(this.ends.length * 1.5));
      larger.set(this.ends);
      this.ends = larger;
    }
    const place = this.endsUsed;
    let next = place;
    this.ends[next++] = expiries.length;
    for (const { at, purposes } of expiries) {
      this.ends[next++] = at;
      for (let word = 0; word < words; word += 1) this.ends[next++] = purposes[word] ?? 0;
    }
    this.endsUsed = next;
    return place + 1;
  }

  private endOf(at: number, purpose: number): number {
    const place = (this.slots[at + 3] ?? 0) >>> placeShift;
    if (place === 0) return never;
    const words = this.maskWords();
    const count = this.ends[place - 1] ?? 0;
    for (let group = 0; group < count; group += 1) {
      const from = place + group * (1 + words);
      const mask = this.ends[from + 1 + (purpose >>> 5)] ?? 0;
      if (((mask >>> (purpose & 31)) & 1) === 1) return this.ends[from] ?? never;
    }
    return never;
  }

  /** How many words of ends are kept at a place. */
  private endsAt(place: number): number {
    return place === 0 ? 0 : 1 + (this.ends[place - 1] ?? 0) * (1 + this.maskWords());
  }

  private maskWords(): number {
    return Math.ceil(this.purposes / 32);
  }

  /** Slots move as they are; what they say of ends stays where it is. */
  private grow(capacity: number): void {
    const { slots: before, width } = this;
    this.capacity = capacity;
    this.slots = new Uint32Array(capacity * width);
    for (let from = 0; from < before.length; from += width) {
      if (((before[from + 3] ?? 0) & usedFlag) === 0) continue;
      const to = this.claim(before[from] ?? 0, before[from + 1] ?? 0);
      for (let word = 2; word < width; word += 1) this.slots[to + word] = before[from + word] ?? 0;
    }
  }

  private rebuild(capacity: number, purposes: number): void {
    const before = { slots: this.slots, width: this.width, ends: this.ends, words: this.maskWords() };
    this.purposes = purposes;
    this.width = head + Math.ceil(purposes / 8);
    this.capacity = capacity;
    this.slots = new Uint32Array(capacity * this.width);
    this.ends = new Uint32Array(Math.max(1_024, this.endsUsed - this.endsLost));
    this.endsUsed = 0;
    this.endsLost = 0;
    for (let at = 0; at < before.slots.length; at += before.width) {
      const flags = before.slots[at + 3] ?? 0;
      if ((flags & usedFlag) === 0) continue;
      this.fill(this.claim(before.slots[at] ?? 0, before.slots[at + 1] ?? 0), {
        known: (flags & knownFlag) !== 0,
        suppressed: (flags & suppressedFlag) !== 0,
        states: before.slots.subarray(at + head, at + before.width),
        expiries: groupsAt(before, flags >>> placeShift),
      });
    }
  }
}

function groupsAt(
  { ends, words }: { readonly ends: Uint32Array; readonly words: number },
  place: number,
): readonly ExpiryGroup[] {
  if (place === 0) return [];
  return Array.from({ length: ends[place - 1] ?? 0 }, (_, group) => {
    const from = place + group * (1 + words);
    return { at: ends[from] ?? never, purposes: ends.subarray(from + 1, from + 1 + words) };
  });
}
