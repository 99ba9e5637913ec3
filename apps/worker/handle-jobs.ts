import { Injectable } from '@nestjs/common';
import { Elsewhere } from '#platform/runtime';
import { Log, Metrics } from '#platform/telemetry';
import { Handlers } from './handlers.js';

/** Runs the handler of a job, with one log line and one metric each. */
@Injectable()
export class HandleJobs {
  constructor(
    private readonly handlers: Handlers,
    private readonly metrics: Metrics,
    private readonly log: Log,
  ) {}

  /** Rejects when the handler does; the rows are untouched by that and the reconciler rings again. */
  async execute(kind: string, payload: unknown): Promise<void> {
    const handler = this.handlers.byKind.get(kind);
    if (handler === undefined) throw new Error(`no handler for jobs of kind ${kind}`);
    const started = performance.now();
    const observe = (result: 'done' | 'failed' | 'passed_on') => {
      const milliseconds = performance.now() - started;
      this.metrics.jobs.observe({ kind, result }, milliseconds / 1_000);
      return Math.round(milliseconds);
    };
    try {
      await handler.handle(payload);
      this.log.info('job', { kind, milliseconds: observe('done') });
    } catch (error) {
      if (error instanceof Elsewhere) {
        this.log.debug('a job is passed on', { kind, milliseconds: observe('passed_on') });
        throw error;
      }
      this.log.failure('a job failed; its rows stay due', error, { kind, milliseconds: observe('failed') });
      throw error;
    }
  }
}
