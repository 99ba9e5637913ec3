import type { Level, MappedDataset } from '#connector-kit';
import type { StoreId } from '#kernel';

/** What `check` found wrong between the data map and the real store. */
export interface StoreFault {
  readonly dataset: string;
  readonly message: string;
}

/** A registered store without its settings. */
export interface RegisteredStore {
  readonly id: StoreId;
  readonly name: string;
  readonly type: string;
  readonly laneId: string;
  readonly region: string;
  /** The highest level the store can reach, compaction included. */
  readonly level: Level;
  readonly backupHorizon: string | null;
  readonly datasets: readonly MappedDataset[];
  readonly state: 'unchecked' | 'ready' | 'faulty';
  readonly faults: readonly StoreFault[];
  /** Datasets erased from since the last compaction. */
  readonly compactionOwed: readonly string[];
  /** When the next compaction may be tried; null when none is owed. */
  readonly compactionDueAt: Date | null;
}
