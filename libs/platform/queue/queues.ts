import { InjectQueue } from '@nestjs/bullmq';
import { Injectable } from '@nestjs/common';
import type { Queue } from 'bullmq';
import { DomainError } from '#kernel';
import type { Bell } from '../outbox/index.js';
import type { Job, QueueName } from './job.js';

/** The queues as the relay sees them: it puts bells in, and nothing else does. */
@Injectable()
export class Queues {
  private readonly byName: Readonly<Record<QueueName, Queue>>;

  constructor(
    @InjectQueue('lanes') lanes: Queue,
    @InjectQueue('plans') plans: Queue,
    @InjectQueue('ledger') ledger: Queue,
  ) {
    this.byName = { lanes, plans, ledger };
  }

  /** Enqueues the bells, one bulk call per queue. A kind that no job defines is a bug and refuses the whole page. */
  async ring(jobs: ReadonlyMap<string, Job>, bells: readonly Bell[]): Promise<void> {
    const perQueue = new Map<QueueName, { name: string; data: Bell['payload'] }[]>();
    for (const bell of bells) {
      const job = jobs.get(bell.kind);
      if (job === undefined)
        throw new DomainError('invalid', 'job.unknown', `no job of kind ${bell.kind} is defined`);
      const list = perQueue.get(job.queue) ?? [];
      list.push({ name: bell.kind, data: bell.payload });
      perQueue.set(job.queue, list);
    }
    for (const [queue, list] of perQueue) await this.byName[queue].addBulk(list);
  }

  /** How many jobs wait or run, per queue, for the metrics. */
  async depths(): Promise<Readonly<Record<QueueName, number>>> {
    const count = async (queue: Queue) => queue.getJobCountByTypes('waiting', 'active', 'delayed');
    const [lanes, plans, ledger] = await Promise.all([
      count(this.byName.lanes),
      count(this.byName.plans),
      count(this.byName.ledger),
    ]);
    return { lanes, plans, ledger };
  }
}
