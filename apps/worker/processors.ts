import { Processor, WorkerHost } from '@nestjs/bullmq';
import { Injectable } from '@nestjs/common';
import { DelayedError, type Job } from 'bullmq';
import { Elsewhere } from '#platform/runtime';
import { HandleJobs } from './handle-jobs.js';

/** A worker that dies is noticed by its stalled job; handlers are idempotent, so it may stall often. */
const options = { maxStalledCount: 100, lockDuration: 60_000 } as const;

/** How often a job is passed on until somebody takes it who serves its region. After that the reconciler rings again. */
const mostPasses = 10;
const shortestPass = 25;

/** Handles what comes out of a queue, and puts back what is for workers of other regions. */
@Injectable()
abstract class JobsProcessor extends WorkerHost {
  constructor(private readonly handleJobs: HandleJobs) {
    super();
  }

  override async process(job: Job<unknown, void>, token?: string): Promise<void> {
    try {
      await this.handleJobs.execute(job.name, job.data);
    } catch (error) {
      if (!(error instanceof Elsewhere)) throw error;
      const passes = job.attemptsStarted;
      if (passes > mostPasses) return;
      await job.moveToDelayed(Date.now() + shortestPass * 2 ** Math.min(passes, 6), token);
      throw new DelayedError();
    }
  }
}

@Processor('lanes', { ...options, concurrency: 4 })
export class LanesProcessor extends JobsProcessor {}

@Processor('plans', { ...options, concurrency: 4 })
export class PlansProcessor extends JobsProcessor {}

@Processor('ledger', { ...options, concurrency: 1 })
export class LedgerProcessor extends JobsProcessor {}
