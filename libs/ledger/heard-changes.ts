import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import type { TenantId } from '#kernel';
import { Transactions } from '#platform/database';

/** What this process has just committed for a tenant. */
export interface Change {
  readonly tenant: TenantId;
  /** The number of the last entry. */
  readonly last: number;
  readonly kinds: readonly string[];
  /** Whom the entries are about. */
  readonly refs: readonly (string | null)[];
}

/** Tells those in this process who keep something in memory what the process itself has changed, at its commit. */
@Injectable()
export class HeardChanges {
  private readonly listeners = new Set<(change: Change) => void>();

  /** Answers how to stop listening. A listener must not throw. */
  listen(listener: (change: Change) => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  tell(change: Change): void {
    for (const listener of this.listeners) listener(change);
  }
}

/** Has a change told once it is committed. */
@Injectable()
export class AnnounceChanges {
  constructor(
    private readonly transactions: Transactions,
    private readonly heard: HeardChanges,
  ) {}

  execute(tx: EntityManager, change: Change): void {
    this.transactions.afterCommit(tx, () => {
      this.heard.tell(change);
    });
  }
}
