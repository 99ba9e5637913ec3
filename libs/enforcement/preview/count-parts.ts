import { Injectable } from '@nestjs/common';
import type { SubjectResult } from '#connector-kit';
import { DependencyError, type DependencyCode, type TenantId } from '#kernel';
import { OpenStore, type RegisteredStore } from '#stores';
import { codeOf } from '../act.js';
import { largestBatch } from '../domain/pace.js';
import { countOf, type CountedPart, type KeyedPart } from '../domain/preview.js';

const longest = 600_000;

/** What one dataset's store said, or why it said nothing. */
type Answer =
  | { readonly results: ReadonlyMap<string, SubjectResult>; readonly failure?: never }
  | { readonly results: ReadonlyMap<string, SubjectResult>; readonly failure: DependencyCode };

/** Counts, in the stores, what a plan would remove and what it would leave. Holds no transaction and changes nothing. */
@Injectable()
export class CountParts {
  constructor(private readonly openStore: OpenStore) {}

  /**
   * Signals collected up to `asOf`, in the order of the parts. A store's failure is its parts' error. Rejects when the signal
   * stops it.
   */
  async execute(
    tenant: TenantId,
    stores: readonly RegisteredStore[],
    parts: readonly KeyedPart[],
    { asOf, signal }: { readonly asOf: Date; readonly signal: AbortSignal },
  ): Promise<readonly CountedPart[]> {
    const answers = new Map<string, Answer>();
    for (const [place, own] of Map.groupBy(parts, placeOf)) {
      signal.throwIfAborted();
      const [first] = own;
      const store = stores.find(({ id }) => id === first?.part.storeId);
      const keys = [...new Set(own.flatMap((part) => part.keys.flat()))];
      if (first === undefined || keys.length === 0) continue;
      const { dataset } = first.part;
      answers.set(place, await this.ask(tenant, store, { dataset, keys, asOf }, signal));
    }
    return parts.map((keyed) => {
      const { results, failure } = answers.get(placeOf(keyed)) ?? { results: new Map() };
      return { ...keyed.part, ...countOf(keyed, results, failure) };
    });
  }

  private async ask(
    tenant: TenantId,
    store: RegisteredStore | undefined,
    { dataset: name, keys, asOf }: { dataset: string; keys: readonly string[]; asOf: Date },
    signal: AbortSignal,
  ): Promise<Answer> {
    const results = new Map<string, SubjectResult>();
    const within = AbortSignal.any([signal, AbortSignal.timeout(longest)]);
    try {
      const dataset = store?.datasets.find((one) => one.name === name);
      if (store === undefined || dataset === undefined)
        throw new DependencyError('invalid_config', 'the dataset is no longer registered');
      const connector = await this.openStore.execute(tenant, store);
      for (let from = 0; from < keys.length; from += largestBatch) {
        const selectors = keys.slice(from, from + largestBatch).map((subject) => ({ subject, asOf }));
        for (const result of await connector.count(dataset, selectors, { signal: within }))
          results.set(result.subject, result);
      }
      return { results };
    } catch (error) {
      signal.throwIfAborted();
      return { results, failure: codeOf(error, within) };
    }
  }
}

function placeOf({ part }: KeyedPart): string {
  return `${part.storeId}/${part.dataset}`;
}
