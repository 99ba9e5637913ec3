/** A store of the host application, as the demo looks into it: by its own queries, never through Lethe. */
export interface HostStore {
  readonly name: string;
  readonly title: string;
  /** How a person can look into it. */
  readonly look: string;
  /** All rows. */
  rows(): Promise<number>;
  /** Rows of these people. */
  rowsOf(people: readonly number[]): Promise<number>;
  /** SHA-256 over the rows of everybody else, in a fixed order. */
  digestWithout(people: readonly number[]): Promise<string>;
  /** Writes a signal of a person without asking anyone. */
  writeBehindTheGuard(person: number, at: Date): Promise<void>;
  close(): Promise<void>;
}
