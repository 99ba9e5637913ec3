import { describe } from 'vitest';
import { testCompaction } from './compaction.js';
import { testExceptions } from './exceptions.js';
import { testFailures } from './failures.js';
import { testForms } from './forms.js';
import { testKeys } from './keys.js';
import { withStoreOf, type Harness } from './harness.js';
import { testModel } from './model.js';
import { testSelection } from './selection.js';
import { testSweeps } from './sweeps.js';

export type { Harness, TestRow, TestStore } from './harness.js';

/**
 * What every connector owes, as one Vitest suite against a real store: a connector that passes may be pointed at
 * people's data. For tests only.
 */
export function describeConnector(name: string, harness: Harness): void {
  const withStore = withStoreOf(harness);
  describe(`${name}: which rows go`, () => {
    testSelection(harness, withStore);
  });
  describe(`${name}: any rows, any people`, () => {
    testModel(harness, withStore);
  });
  describe(`${name}: keys of every kind`, () => {
    testKeys(harness, withStore);
  });
  describe(`${name}: forms of keys and moments`, () => {
    testForms(harness, withStore);
  });
  describe(`${name}: sweeps`, () => {
    testSweeps(harness, withStore);
    testExceptions(harness, withStore);
  });
  describe(`${name}: what goes wrong`, () => {
    testFailures(harness, withStore);
  });
  describe(`${name}: compaction`, () => {
    testCompaction(harness, withStore);
  });
}
