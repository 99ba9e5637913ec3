/** One kind of fault, as the table at the end has it. */
export interface Injected {
  readonly fault: string;
  injected: number;
  recovered: number;
  /** Until whoever was hit served again, in milliseconds. */
  readonly times: number[];
}

/** Counts faults and how long each took to be over. */
export class Tally {
  private readonly byFault = new Map<string, Injected>();
  /** Processes that were killed with -9. */
  kills = 0;

  /** Notes a fault; what it answers notes that it is over. */
  begin(fault: string): () => void {
    const row = this.row(fault);
    row.injected += 1;
    const began = performance.now();
    let over = false;
    return () => {
      if (over) return;
      over = true;
      row.recovered += 1;
      row.times.push(performance.now() - began);
    };
  }

  killed(fault: string): () => void {
    this.kills += 1;
    return this.begin(fault);
  }

  get rows(): readonly Injected[] {
    return [...this.byFault.values()].sort((a, b) => (a.fault < b.fault ? -1 : 1));
  }

  /** Faults that nobody has recovered from. */
  get unrecovered(): readonly string[] {
    return this.rows.filter(({ injected, recovered }) => injected !== recovered).map(({ fault }) => fault);
  }

  private row(fault: string): Injected {
    const known = this.byFault.get(fault) ?? { fault, injected: 0, recovered: 0, times: [] };
    this.byFault.set(fault, known);
    return known;
  }
}
