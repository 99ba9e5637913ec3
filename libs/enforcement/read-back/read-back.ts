import { Inject, Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import type { Clock } from '#kernel';
import { isLogClosed } from '#ledger';
import { Transactions } from '#platform/database';
import { reach } from '#platform/faults';
import { CLOCK } from '#platform/runtime';
import type { Lease } from '../lanes.repository.js';
import { LookAgain } from './look-again.js';
import { SettleReadBacks } from './settle-read-backs.js';
import { TakeReadBacks } from './take-read-backs.js';

/**
 * Writers race with erasure, so what was erased is read back once more after a quiet period, by the worker that holds the lane: batch
 * by batch, with no transaction open while it looks.
 */
@Injectable()
export class ReadBack {
  constructor(
    private readonly transactions: Transactions,
    private readonly take: TakeReadBacks,
    private readonly lookAgain: LookAgain,
    private readonly settle: SettleReadBacks,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** Answers whether something came back: then there is work due in the lane. */
  async execute(lease: Lease, signal: AbortSignal): Promise<boolean> {
    let cameBack = false;
    while (!signal.aborted) {
      const batch = await this.transactions.run(null, (tx) => this.take.execute(tx, lease, this.clock.now()));
      if (batch === undefined) break;
      const found = await this.lookAgain.execute(batch.sought, signal);
      reach('store.read-again');
      const settled = await this.unlessLogCloses((tx) => this.settle.execute(tx, lease, batch, found));
      if (settled === undefined) return false;
      cameBack ||= settled;
    }
    return cameBack;
  }

  private async unlessLogCloses<T>(work: (tx: EntityManager) => Promise<T>): Promise<T> {
    for (;;) {
      try {
        return await this.transactions.run(null, work);
      } catch (error) {
        // A tenant's erasure began between the writing and its entries; now its state says so.
        if (!isLogClosed(error)) throw error;
      }
    }
  }
}
