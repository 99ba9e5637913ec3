/** A dataset of a test, as briefly as it can be said. */
export interface TestDataset {
  /** By default `account_id`. */
  readonly identifier?: string;
  /** `each row` lets rows list their purposes; by default the purpose is `recommendations`. */
  readonly purposes?: readonly string[] | 'each row';
  readonly derivedFrom?: readonly string[];
  /** The legal basis on which all its fields are kept. */
  readonly keptOn?: string;
  /** For how long; without it, as long as the basis lasts. */
  readonly keptFor?: string;
}

/** A store: the lane it shares with stores of the same lane, its region, and its datasets. */
interface TestStore {
  readonly lane: string;
  readonly region?: string;
  readonly datasets: Readonly<Record<string, TestDataset>>;
}

/** By the store's name. */
export type TestStores = Readonly<Record<string, TestStore>>;

export const policy = JSON.stringify({
  purposes: {
    recommendations: { title: 'Recommendations', legalBasis: 'consent' },
    training: { title: 'Training', legalBasis: 'consent' },
    ads: { title: 'Ads', legalBasis: 'consent' },
  },
  retention: { rest: { keep: 'indefinitely', reason: 'Nothing is swept unless a test says so.' } },
});

/**
 * The data map of these stores. The type is one that exists, because manifests are real; the connections are not. `unique`
 * keeps the lanes of one test apart from those of others.
 */
export function dataMapOf(stores: TestStores, unique: string): string {
  const documents = new Map(
    Object.entries(stores).map(([name, { lane, region, datasets }]) => {
      const described = new Map(
        Object.entries(datasets).map(([dataset, given]) => [dataset, documentOf(name, dataset, given)]),
      );
      const url = `postgresql://nobody@127.0.0.1:1/${unique}-${lane}`;
      const document = { type: 'postgres', settings: { url }, datasets: Object.fromEntries(described) };
      return [name, region === undefined ? document : { ...document, region }];
    }),
  );
  return JSON.stringify({ stores: Object.fromEntries(documents) });
}

function documentOf(store: string, name: string, given: TestDataset) {
  const { keptOn: basis, keptFor: until } = given;
  const rule = basis === undefined ? 'purge' : { keep: { basis, ...(until === undefined ? {} : { until }) } };
  const byRow = given.purposes === 'each row';
  const fields = ['person', 'at', ...(byRow ? ['purposes'] : [])];
  return {
    location: `${store}.${name}`,
    subjectKey: { field: 'person', form: 'text', identifier: given.identifier ?? 'account_id' },
    collectedAt: { field: 'at', form: 'timestamp' },
    purposes: byRow ? { field: 'purposes' } : (given.purposes ?? ['recommendations']),
    derivedFrom: given.derivedFrom ?? [],
    fields: Object.fromEntries(fields.map((field) => [field, { category: 'user.behavior', rule }])),
  };
}
