import type { EntityManager } from 'typeorm';
import type { TenantId } from '#kernel';
import type { Transactions } from '#platform/database';

/** What a process that is killed leaves behind: nothing after it happens. */
export class Crash extends Error {
  override readonly name = 'Crash';
}

/** Transactions of a process that dies at one of them: before it, with its work done but not committed, or after it. */
export class CrashingTransactions implements Pick<Transactions, 'run'> {
  private done = 0;

  constructor(
    private readonly inner: Transactions,
    private readonly crashAt: number,
    private readonly moment: 'before' | 'before the commit' | 'after',
  ) {}

  async run<T>(tenant: TenantId | null, work: (tx: EntityManager) => Promise<T>): Promise<T> {
    const place = this.done++;
    const last = place === this.crashAt;
    if (place > this.crashAt || (last && this.moment === 'before')) throw new Crash();
    const result = await this.inner.run(tenant, async (tx) => {
      const worked = await work(tx);
      if (last && this.moment === 'before the commit') throw new Crash();
      return worked;
    });
    if (last) throw new Crash();
    return result;
  }
}
