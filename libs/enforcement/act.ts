import { Inject, Injectable } from '@nestjs/common';
import {
  rowsBefore,
  type BeforeOptions,
  type CallOptions,
  type Connector,
  type MappedDataset,
  type Selector,
  type SubjectResult,
} from '#connector-kit';
import { DependencyError, type Clock, type DependencyCode } from '#kernel';
import { Sealer } from '#platform/crypto';
import { reach } from '#platform/faults';
import { CLOCK } from '#platform/runtime';
import { datasetBy, OpenStore } from '#stores';
import { judge, type Verdict } from './domain/outcome.js';
import { openKeys, type ClaimedObligation, type Settlement } from './obligation.js';
import type { WarrantedObligation } from './take-batch.js';

/** Obligations that one set-based call fulfils: same dataset, same kind of selector; a sweep is alone. */
export interface Group {
  readonly store: WarrantedObligation['store'];
  readonly dataset: MappedDataset;
  readonly onlyPurposes: readonly string[] | undefined;
  readonly members: readonly ClaimedObligation[];
}

/** What became of the obligations of a group; `failure`: why the whole call failed. */
export interface Acted {
  readonly settlements: readonly Settlement[];
  readonly failure?: DependencyCode;
}

/** Acts on stores and reads back, holding no transaction; answers what became of each obligation. */
@Injectable()
export class Act {
  constructor(
    private readonly openStore: OpenStore,
    private readonly sealer: Sealer,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** Never rejects for a store's failure: that is an outcome. `limit`: rows that a step of a sweep removes. */
  async execute(group: Group, signal: AbortSignal, limit: number): Promise<Acted> {
    const [first] = group.members;
    if (first === undefined) return { settlements: [] };
    try {
      const connector = await this.openStore.execute(first.tenant, group.store);
      reach('store.opened');
      if (first.cutOff === null) return { settlements: await this.purge(connector, group, signal) };
      return { settlements: await this.sweep(connector, group, { signal, limit }) };
    } catch (error) {
      const failure = codeOf(error, signal);
      const settlements = group.members.map((obligation) =>
        this.conclude(obligation, { removed: 0, left: 0, failure }),
      );
      return { settlements, failure };
    }
  }

  private async purge(
    connector: Connector,
    group: Group,
    signal: AbortSignal,
  ): Promise<readonly Settlement[]> {
    const options: CallOptions = {
      signal,
      ...(group.onlyPurposes === undefined ? {} : { onlyPurposes: group.onlyPurposes }),
    };
    const { readable, settlements } = this.readKeys(group.members, signal);
    // The same person may be selected twice in a batch (two causes at once): acted on once, up to the later moment.
    const distinct = latest(readable.flatMap(({ selectors }) => selectors));
    if (distinct.length === 0) return settlements;
    const removed = bySubject(await connector.purge(group.dataset, distinct, options));
    reach('store.purged');
    const left = bySubject(await connector.verify(group.dataset, distinct, options));
    reach('store.read-back');
    const counted = new Set<string>();
    const acted = readable.map(({ obligation, selectors }) => {
      const keys = selectors.map(({ subject }) => subject);
      const fresh = keys.filter((key) => !counted.has(key));
      // Its rows went with those of another obligation in the batch: erased, and not counted twice.
      const shared = keys.some((key) => counted.has(key) && sum([key], removed) > 0);
      fresh.forEach((key) => counted.add(key));
      const failure = firstFailure([
        ...keys.map((key) => removed.get(key)),
        ...keys.map((key) => left.get(key)),
      ]);
      const evidence = { removed: sum(fresh, removed), left: sum(keys, left) };
      return this.conclude(
        shared ? { ...obligation, exact: false } : obligation,
        failure === undefined ? evidence : { ...evidence, failure },
      );
    });
    return [...settlements, ...acted];
  }

  /** A key that cannot be opened is the failure of its own obligation, and of no other in the batch. */
  private readKeys(members: readonly ClaimedObligation[], signal: AbortSignal) {
    const readable: { readonly obligation: ClaimedObligation; readonly selectors: readonly Selector[] }[] =
      [];
    const settlements: Settlement[] = [];
    for (const obligation of members) {
      try {
        readable.push({ obligation, selectors: this.selectors(obligation) });
      } catch (error) {
        const failure = codeOf(error, signal);
        settlements.push(this.conclude(obligation, { removed: 0, left: 0, failure }));
      }
    }
    return { readable, settlements };
  }

  /** One bounded step of each sweep; it comes back with its cursor until nothing is left. */
  private async sweep(
    connector: Connector,
    group: Group,
    { signal, limit }: Pick<BeforeOptions, 'signal' | 'limit'>,
  ): Promise<readonly Settlement[]> {
    const settlements: Settlement[] = [];
    for (const obligation of group.members) {
      const { cutOff, progress, onlyPurposes, except } = obligation;
      if (cutOff === null) continue;
      const dataset = datasetBy(group.dataset, obligation.moment);
      const options = {
        signal,
        limit,
        ...(progress === null ? {} : { cursor: progress }),
        ...(onlyPurposes === null ? {} : { onlyPurposes }),
        ...(except === undefined ? {} : { except }),
      };
      const step = await connector.purgeBefore(dataset, cutOff, options);
      reach('store.swept');
      if (step.cursor !== undefined) {
        settlements.push({
          ...unsettled(obligation, step.rows),
          exact: obligation.attempts === 1,
          dueAt: this.clock.now(),
          progress: step.cursor,
        });
        continue;
      }
      const left = rowsBefore(await connector.countAges(dataset, [cutOff], signal, except), onlyPurposes);
      settlements.push(this.concludeSweep(obligation, step.rows, left));
    }
    return settlements;
  }

  /** What was removed by earlier steps is known from the row, so a sweep without faults has an exact count. */
  private concludeSweep(obligation: ClaimedObligation, removed: number, left: number): Settlement {
    const settlement = this.conclude(obligation, { removed: removed + obligation.rows, left });
    // Rows that came in behind the cursor are found by beginning again.
    return { ...settlement, removed, progress: null };
  }

  private selectors(obligation: ClaimedObligation): readonly Selector[] {
    const { asOf } = obligation;
    return openKeys(this.sealer, obligation).map((subject) => ({ subject, asOf }));
  }

  private conclude(
    obligation: ClaimedObligation,
    found: { readonly removed: number; readonly left: number; readonly failure?: DependencyCode },
  ): Settlement {
    const verdict = judge({ ...found, attempt: obligation.attempts }, Math.random());
    // Erased ahead of a source that is down: it is erased again, and settles, after its source.
    if (obligation.awaits.length > 0 && verdict.kind === 'settle' && verdict.outcome !== 'failed') {
      return { ...unsettled(obligation, found.removed), exact: verdict.exact, dueAt: null };
    }
    return settlementOf(obligation, found.removed, verdict, this.clock.now());
  }
}

function settlementOf(
  obligation: ClaimedObligation,
  removed: number,
  verdict: Verdict,
  now: Date,
): Settlement {
  const { error } = verdict;
  if (verdict.kind === 'retry') {
    return {
      ...unsettled(obligation, removed),
      error,
      exact: false,
      dueAt: new Date(now.getTime() + verdict.afterMilliseconds),
    };
  }
  // Attempts count anew after a step or a wait; what earlier ones removed, or may have removed, the row remembers.
  const erasedBefore = verdict.outcome === 'not_found' && (obligation.rows > 0 || !obligation.exact);
  const outcome = erasedBefore ? 'erased' : verdict.outcome;
  return {
    ...unsettled(obligation, removed),
    outcome,
    exact: verdict.exact && obligation.exact,
    error,
    level: outcome === 'erased' ? 'removed' : null,
  };
}

export function unsettled(obligation: ClaimedObligation, removed: number): Settlement {
  return {
    obligation,
    removed,
    exact: true,
    outcome: null,
    level: null,
    error: null,
    dueAt: null,
    progress: obligation.progress,
  };
}

export function groups(warranted: readonly WarrantedObligation[]): readonly Group[] {
  const byKey = new Map<string, Group & { members: ClaimedObligation[] }>();
  for (const { obligation, store, onlyPurposes } of warranted) {
    const dataset = store.datasets.find(({ name }) => name === obligation.dataset);
    if (dataset === undefined) continue;
    const selector = obligation.cutOff === null ? (onlyPurposes?.join(' ') ?? '*') : obligation.id;
    const key = [obligation.tenant, store.id, dataset.name, selector].join('\n');
    const group = byKey.get(key) ?? { store, dataset, onlyPurposes, members: [] };
    group.members.push(obligation);
    byKey.set(key, group);
  }
  return [...byKey.values()];
}

function latest(selectors: readonly Selector[]): readonly Selector[] {
  const bySubject = new Map<string, Selector>();
  for (const selector of selectors) {
    const known = bySubject.get(selector.subject);
    if (known === undefined || known.asOf < selector.asOf) bySubject.set(selector.subject, selector);
  }
  return [...bySubject.values()];
}

function bySubject(results: readonly SubjectResult[]): ReadonlyMap<string, SubjectResult> {
  return new Map(results.map((result) => [result.subject, result]));
}

/** A key that the connector did not answer for counts as a failure, never as nothing found. */
export function firstFailure(results: readonly (SubjectResult | undefined)[]): DependencyCode | undefined {
  for (const result of results) {
    if (result === undefined) return 'unexpected_response';
    if ('failure' in result) return result.failure;
  }
  return undefined;
}

export function sum(keys: readonly string[], results: ReadonlyMap<string, SubjectResult>): number {
  return keys.reduce((total, key) => {
    const result = results.get(key);
    return total + (result !== undefined && 'rows' in result ? result.rows : 0);
  }, 0);
}

export function codeOf(error: unknown, signal: AbortSignal): DependencyCode {
  if (error instanceof DependencyError) return error.code;
  return signal.aborted ? 'timeout' : 'unexpected_response';
}
