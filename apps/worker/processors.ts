import { Processor, WorkerHost } from '@nestjs/bullmq';
import type { Job } from 'bullmq';
import { HandleJobs } from './handle-jobs.js';

/** A worker that dies is noticed by its stalled job; handlers are idempotent, so it may stall often. */
const options = { maxStalledCount: 100, lockDuration: 60_000 } as const;

@Processor('lanes', { ...options, concurrency: 4 })
export class LanesProcessor extends WorkerHost {
  constructor(private readonly handleJobs: HandleJobs) {
    super();
  }

  override async process(job: Job<unknown, void>): Promise<void> {
    await this.handleJobs.execute(job.name, job.data);
  }
}

@Processor('plans', { ...options, concurrency: 4 })
export class PlansProcessor extends WorkerHost {
  constructor(private readonly handleJobs: HandleJobs) {
    super();
  }

  override async process(job: Job<unknown, void>): Promise<void> {
    await this.handleJobs.execute(job.name, job.data);
  }
}

@Processor('ledger', { ...options, concurrency: 1 })
export class LedgerProcessor extends WorkerHost {
  constructor(private readonly handleJobs: HandleJobs) {
    super();
  }

  override async process(job: Job<unknown, void>): Promise<void> {
    await this.handleJobs.execute(job.name, job.data);
  }
}
