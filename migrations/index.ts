import type { Migration } from '#platform/database';

const migration = (name: string): Migration => ({ name, file: new URL(`./${name}.sql`, import.meta.url) });

/** Every step of the schema, oldest first. Forward only: a released file never changes, and a new one goes to the end. */
export const migrations: readonly Migration[] = [
  migration('0001_foundation'),
  migration('0002_ledger'),
  migration('0003_domain'),
  migration('0004_access'),
  migration('0005_policies'),
  migration('0006_consent'),
  migration('0007_holds'),
  migration('0008_lanes'),
  migration('0009_read_back'),
  migration('0011_levels'),
  migration('0012_lane_locks'),
  migration('0013_previews'),
];
