import { compilePolicy } from './compiled-policy.js';
import { governDataset } from './govern-dataset.js';
import { nameOf, type Finding, type Governance, type GovernedDataset } from './governed.js';
import type { Match } from './match.js';
import { levels, type Level, type Policy } from './policy.js';

/** A store as a policy sees it. */
export interface GovernedStore {
  readonly name: string;
  /** The highest level that it can reach. */
  readonly level: Level;
  readonly datasets: readonly GovernedDataset[];
}

/** A policy applied to everything that is registered. */
export interface GovernedWorld extends Omit<Governance, 'steps' | 'disposal'> {
  /** By `store/dataset`. */
  readonly datasets: ReadonlyMap<string, Pick<Governance, 'steps' | 'disposal'>>;
}

/** Applies a policy to all stores; `on` is the moment exceptions are judged by. */
export function govern(policy: Policy, stores: readonly GovernedStore[], on: Date): GovernedWorld {
  const compiled = compilePolicy(policy);
  const datasets = stores.flatMap((store) => store.datasets);
  const governed = datasets.map((dataset) => ({ dataset, governance: governDataset(compiled, dataset, on) }));
  const all = governed.map(({ governance }) => governance);
  return {
    fields: all.flatMap(({ fields }) => fields),
    uncovered: all.flatMap(({ uncovered }) => uncovered),
    conflicts: [
      ...unknownNames(policy, stores),
      ...levelFindings(policy, stores),
      ...all.flatMap(({ conflicts }) => conflicts),
    ],
    unenforced: all.flatMap(({ unenforced }) => unenforced),
    datasets: new Map(governed.map(({ dataset, governance }) => [nameOf(dataset), governance])),
  };
}

/** A rule that names a store, a dataset or a field is about something registered, or is a mistake. */
function unknownNames(policy: Policy, stores: readonly GovernedStore[]): readonly Finding[] {
  const rules = [
    ...Object.entries(policy.retention).map(([name, { match }]) => ({ rule: `retention/${name}`, match })),
    ...Object.entries(policy.erasure).map(([name, { match }]) => ({ rule: `erasure/${name}`, match })),
  ];
  const datasets = stores.flatMap((store) => store.datasets);
  const inRules = rules.flatMap(({ rule, match }) =>
    namesNothing(match, datasets).map((message) => ({ store: '', dataset: '', rules: [rule], message })),
  );
  const names = new Set(stores.map(({ name }) => name));
  const perStore = (['levels', 'lanes'] as const).flatMap((section) =>
    Object.keys(policy[section]).map((name) => ({ rule: `${section}/${name}`, store: name })),
  );
  const limits = Object.entries(policy.limits).flatMap(([name, { store }]) =>
    store === undefined ? [] : [{ rule: `limits/${name}`, store }],
  );
  const unknown = [...perStore, ...limits]
    .filter(({ store }) => !names.has(store))
    .map(({ rule, store }) => ({ store, dataset: '', rules: [rule], message: `there is no store ${store}` }));
  return [...inRules, ...unknown];
}

/** One sentence for each value that, together with what stands above it, is not registered. */
function namesNothing(match: Match, datasets: readonly GovernedDataset[]): readonly string[] {
  const stores = match.store ?? [];
  const unknownStores = stores.filter((name) => !datasets.some(({ store }) => store === name));
  if (unknownStores.length > 0) return unknownStores.map((name) => `there is no store ${name}`);
  const within = datasets.filter(({ store }) => match.store === undefined || match.store.includes(store));
  const where = stores.length === 0 ? 'any store' : stores.join(', ');
  const unknown = (match.dataset ?? []).filter((name) => !within.some(({ dataset }) => dataset === name));
  if (unknown.length > 0) return unknown.map((name) => `there is no dataset ${name} in ${where}`);
  const inside = within.filter(
    ({ dataset }) => match.dataset === undefined || match.dataset.includes(dataset),
  );
  return (match.field ?? [])
    .filter((name) => !inside.some(({ fields }) => fields.some(({ field }) => field === name)))
    .map(
      (name) => `there is no field ${name} in ${(match.dataset ?? ['any dataset']).join(', ')} of ${where}`,
    );
}

function levelFindings(policy: Policy, stores: readonly GovernedStore[]): readonly Finding[] {
  return stores.flatMap(({ name, level }) => {
    const wanted = policy.levels[name];
    if (wanted === undefined || levels.indexOf(wanted) <= levels.indexOf(level)) return [];
    const message = `the policy wants level ${wanted}, and this store reaches ${level} at most`;
    return [{ store: name, dataset: '', rules: [`levels/${name}`], message }];
  });
}
