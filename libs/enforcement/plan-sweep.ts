import { Inject, Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import type { Clock, IdSource, TenantId } from '#kernel';
import { Outbox } from '#platform/outbox';
import { CLOCK, IDS } from '#platform/runtime';
import type { RegisteredStore } from '#stores';
import { wakeLaneJob } from './jobs.js';
import { ObligationsRepository } from './obligations.repository.js';

/** A retention rule's cut-off in one dataset. */
export interface SweepCause {
  readonly id: string;
  readonly store: RegisteredStore;
  readonly dataset: string;
  /** By which moment rows are judged: `collected`, or one that the dataset declares. */
  readonly moment: string;
  /** Only rows that list none but these; the empty list: that list nothing; null: all rows. */
  readonly onlyPurposes: readonly string[] | null;
  /** Signals from strictly before it are due. */
  readonly cutOff: Date;
  readonly deadline: Date;
  readonly policyVersion: number;
}

/** Makes a sweep the same kind of work as everything else: an obligation in a lane. The caller writes the ledger. */
@Injectable()
export class PlanSweep {
  constructor(
    private readonly repository: ObligationsRepository,
    private readonly outbox: Outbox,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(IDS) private readonly ids: IdSource,
  ) {}

  async execute(tx: EntityManager, tenant: TenantId, sweep: SweepCause): Promise<void> {
    const at = this.clock.now();
    await this.repository.insertCauses(tx, tenant, [{ id: sweep.id, kind: 'sweep', open: 1 }], at);
    const obligation = {
      id: this.ids.next(),
      laneId: sweep.store.laneId,
      storeId: sweep.store.id,
      dataset: sweep.dataset,
      causeKind: 'sweep' as const,
      causeId: sweep.id,
      subjectRef: null,
      sealedKey: null,
      onlyPurposes: sweep.onlyPurposes,
      moment: sweep.moment,
      cutOff: sweep.cutOff,
      asOf: at,
      deadline: sweep.deadline,
      dueAt: at,
      awaits: [],
      outcome: null,
      basis: null,
      holdId: null,
      retainedUntil: null,
      error: null,
    };
    await this.repository.insert(tx, tenant, [obligation], { policyVersion: sweep.policyVersion, at });
    await this.outbox.add(tx, [wakeLaneJob.bell({ laneId: sweep.store.laneId })]);
  }
}
