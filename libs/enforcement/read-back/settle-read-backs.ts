import { Inject, Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import type { Clock, TenantId } from '#kernel';
import { AppendEntries } from '#ledger';
import { Outbox } from '#platform/outbox';
import { CLOCK } from '#platform/runtime';
import { StoresRepository } from '#stores';
import { ContinueWork } from '../continue-work.js';
import { datasetName } from '../domain/plan.js';
import { judgeReadBack, type ReadBackResult } from '../domain/read-back.js';
import { requestsSettledJob } from '../jobs.js';
import { LanesRepository, type Lease } from '../lanes.repository.js';
import type { ClaimedObligation } from '../obligation.js';
import { ObligationsRepository } from '../obligations.repository.js';
import type { FoundAgain } from './look-again.js';
import { ReadBacksRepository } from './read-backs.repository.js';
import type { ReadBackBatch } from './take-read-backs.js';

/** How one read-back went. */
interface EndedReadBack {
  readonly obligation: ClaimedObligation;
  /** Null when it is due again. */
  readonly result: ReadBackResult | null;
  readonly dueAt: Date | null;
  readonly rows: number;
  readonly error: string | null;
  /** By what it was looked for. */
  readonly keys: readonly string[];
}

/** What ended read-backs mean for others: successors of what came back, requests to settle once more, the ledger. */
@Injectable()
export class RecordReadBacks {
  constructor(
    private readonly repository: ReadBacksRepository,
    private readonly stores: StoresRepository,
    private readonly continueWork: ContinueWork,
    private readonly outbox: Outbox,
    private readonly appendEntries: AppendEntries,
  ) {}

  async execute(
    tx: EntityManager,
    tenant: TenantId,
    ended: readonly EndedReadBack[],
    now: Date,
  ): Promise<void> {
    const back = ended.filter(({ result }) => result === 'came_back');
    const work = back.map(({ obligation: { id }, keys }) => ({ id, keys, exact: true }));
    const successors = await this.continueWork.execute(tx, tenant, work, now);
    const causes = [...new Set(ended.map(({ obligation }) => obligation.causeId))];
    if (await this.repository.reopen(tx, tenant, causes))
      await this.outbox.add(tx, [requestsSettledJob.bell({ tenantId: tenant })]);
    const stores = new Map((await this.stores.all(tx, tenant)).map(({ id, name }) => [id, name]));
    const entries = ended.map(({ obligation, result, rows, error }) => {
      const { id, causeKind, causeId, subjectRef, storeId, dataset } = obligation;
      const successor = successors.get(id);
      return {
        kind: 'obligation.read_back' as const,
        ...(subjectRef === null ? {} : { subjectRef }),
        data: {
          obligation: id,
          cause: causeKind,
          causeId,
          dataset: datasetName({ name: stores.get(storeId) ?? storeId }, { name: dataset }),
          result,
          rows,
          error,
          ...(successor === undefined ? {} : { successor }),
        },
      };
    });
    await this.appendEntries.execute(tx, tenant, entries);
  }
}

/** Settles second read-backs under the fence of the lane. */
@Injectable()
export class SettleReadBacks {
  constructor(
    private readonly lanes: LanesRepository,
    private readonly obligations: ObligationsRepository,
    private readonly repository: ReadBacksRepository,
    private readonly record: RecordReadBacks,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** Answers whether something came back; undefined when the fence was no longer ours. */
  async execute(
    tx: EntityManager,
    lease: Lease,
    batch: ReadBackBatch,
    found: readonly FoundAgain[],
  ): Promise<boolean | undefined> {
    if (!(await this.lanes.holds(tx, lease))) return undefined;
    const now = this.clock.now();
    const ended = [
      ...found.map((one) => judged(one, now)),
      ...batch.unreadable.map(({ obligation, tries }) =>
        judged({ sought: { obligation, tries, keys: [] }, rows: 0, failure: 'invalid_config' }, now),
      ),
      ...batch.superseded.map(({ obligation }) => superseded(obligation)),
    ];
    await this.obligations.lockCauses(
      tx,
      ended.map(({ obligation }) => obligation),
    );
    const written = await this.repository.write(
      tx,
      ended.map(({ obligation: { tenant, id }, result, dueAt }) => ({ tenant, id, result, dueAt })),
      now,
    );
    const told = ended.filter(({ result, obligation }) => result !== null && written.has(obligation.id));
    // In the order of tenants, so that two lanes settling at once take the tenants' counters in the same order.
    const byTenant = [...Map.groupBy(told, ({ obligation }) => obligation.tenant)];
    for (const [tenant, own] of byTenant.toSorted(([a], [b]) => (a < b ? -1 : 1)))
      await this.record.execute(tx, tenant, own, now);
    return told.some(({ result }) => result === 'came_back');
  }
}

function judged(
  {
    sought: { obligation, tries, keys },
    rows,
    failure,
  }: Omit<FoundAgain, 'sought'> & {
    readonly sought: Pick<FoundAgain['sought'], 'obligation' | 'tries' | 'keys'>;
  },
  now: Date,
): EndedReadBack {
  const finding = { rows, tries, ...(failure === undefined ? {} : { failure }) };
  const verdict = judgeReadBack(finding, Math.random());
  if (verdict.kind === 'end')
    return { obligation, result: verdict.result, dueAt: null, rows, error: verdict.error, keys };
  const dueAt = new Date(now.getTime() + verdict.afterMilliseconds);
  return { obligation, result: null, dueAt, rows: 0, error: null, keys };
}

function superseded(obligation: ClaimedObligation): EndedReadBack {
  return { obligation, result: 'superseded', dueAt: null, rows: 0, error: null, keys: [] };
}
