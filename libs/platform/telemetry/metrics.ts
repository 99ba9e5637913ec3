import { Injectable } from '@nestjs/common';
import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';

/** The process's Prometheus metrics. Labels are bounded words (routes, kinds, outcomes), never ids of people. */
@Injectable()
export class Metrics {
  readonly registry = new Registry();

  readonly requests = new Histogram({
    name: 'http_request_duration_seconds',
    help: 'Time to answer an HTTP request.',
    labelNames: ['method', 'route', 'status'],
    buckets: [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5],
    registers: [this.registry],
  });

  private readonly decisions = new Counter({
    name: 'lethe_decisions_total',
    help: 'Decisions answered.',
    labelNames: ['effect', 'reason'],
    registers: [this.registry],
  });

  readonly jobs = new Histogram({
    name: 'lethe_job_duration_seconds',
    help: 'Time to handle a job.',
    labelNames: ['kind', 'result'],
    buckets: [0.01, 0.05, 0.1, 0.5, 1, 5, 30, 120],
    registers: [this.registry],
  });

  readonly outcomes = new Counter({
    name: 'lethe_obligation_outcomes_total',
    help: 'Obligations settled.',
    labelNames: ['outcome'],
    registers: [this.registry],
  });

  readonly obligationAge = new Gauge({
    name: 'lethe_obligation_age_seconds',
    help: 'Age of the oldest obligation that is not settled.',
    registers: [this.registry],
  });

  readonly obligationsOverdue = new Gauge({
    name: 'lethe_obligations_overdue',
    help: 'Obligations past their deadline and not settled.',
    registers: [this.registry],
  });

  readonly obligationsNear = new Gauge({
    name: 'lethe_obligations_near_deadline',
    help: 'Obligations not settled whose deadline passes within a day.',
    registers: [this.registry],
  });

  readonly obligationsOpen = new Gauge({
    name: 'lethe_obligations_open',
    help: 'Obligations not settled, by type of store; what waits for a legal hold is left out.',
    labelNames: ['store_type'],
    registers: [this.registry],
  });

  readonly obligationsOldest = new Gauge({
    name: 'lethe_obligations_oldest_seconds',
    help: 'Age of the oldest obligation that is not settled, by type of store.',
    labelNames: ['store_type'],
    registers: [this.registry],
  });

  readonly batches = new Histogram({
    name: 'lethe_batch_obligations',
    help: 'Obligations in a batch.',
    buckets: [1, 5, 10, 50, 100, 250, 500, 1_000, 2_000, 5_000],
    registers: [this.registry],
  });

  readonly storesHeldUp = new Gauge({
    name: 'lethe_stores_held_up',
    help: 'Stores that are not worked on as usual: their circuit is open or half open, or somebody paused or drains them.',
    labelNames: ['why'],
    registers: [this.registry],
  });

  /** The counters of decisions by reason, each looked up once: finding one by its labels costs more than a decision. */
  private readonly decisionsBy = new Map<string, Counter.Internal>();

  constructor() {
    collectDefaultMetrics({ register: this.registry });
  }

  /** Counts answers of one reason, which all have one effect. */
  countDecisions(
    { effect, reason }: { readonly effect: string; readonly reason: string },
    count: number,
  ): void {
    const known = this.decisionsBy.get(reason) ?? this.decisions.labels(effect, reason);
    this.decisionsBy.set(reason, known);
    known.inc(count);
  }
}
