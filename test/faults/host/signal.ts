/** One signal as a host keeps it. Two with the same content are two rows. */
export interface Signal {
  readonly id: number;
  readonly person: string;
  readonly at: Date;
  readonly purposes: readonly string[];
  readonly note: string;
}

/** A store of the host's, as the host itself writes and reads it. */
export interface HostStore {
  /** `store/dataset`. */
  readonly dataset: string;
  /** What every signal is collected for; undefined where each says so itself. */
  readonly purposes: readonly string[] | undefined;
  /** Its part of the data map. */
  readonly dataMap: string;
  setUp(): Promise<void>;
  /** Resolves when they are in, each once. */
  write(signals: readonly Signal[]): Promise<void>;
  read(): Promise<readonly Signal[]>;
  close(): Promise<void>;
}

/** What makes two rows the same, byte by byte. */
export function contentOf({ id, person, at, purposes, note }: Signal): string {
  return JSON.stringify([id, person, at.getTime(), purposes, note]);
}
