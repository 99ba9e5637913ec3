import { Injectable } from '@nestjs/common';
import { ReadObligations, type Backlog } from '#enforcement';
import { Log, Metrics } from '#platform/telemetry';

const hour = 3_600_000;

/** Measures how much work there is and how late it is, and says so before it is too late. */
@Injectable()
export class MeasureWork {
  private warnedAt: Date | undefined;

  constructor(
    private readonly obligations: ReadObligations,
    private readonly metrics: Metrics,
    private readonly log: Log,
  ) {}

  async execute(now: Date): Promise<void> {
    const backlog = await this.obligations.backlog(now);
    this.show(backlog);
    const { near, overdue, heldUp } = backlog;
    const isDue = this.warnedAt === undefined || now.getTime() - this.warnedAt.getTime() >= hour;
    if (near + overdue === 0 || !isDue) return;
    this.warnedAt = now;
    this.log.alarm('obligations are near their deadline or past it', { near, overdue, ...heldUp });
  }

  private show({ ageSeconds, overdue, near, types, heldUp }: Backlog): void {
    this.metrics.obligationAge.set(ageSeconds);
    this.metrics.obligationsOverdue.set(overdue);
    this.metrics.obligationsNear.set(near);
    // A type of which nothing is open any more would keep its last figure.
    this.metrics.obligationsOpen.reset();
    this.metrics.obligationsOldest.reset();
    for (const { type, open, ageSeconds: age } of types) {
      this.metrics.obligationsOpen.set({ store_type: type }, open);
      this.metrics.obligationsOldest.set({ store_type: type }, age);
    }
    for (const [why, stores] of Object.entries(heldUp)) this.metrics.storesHeldUp.set({ why }, stores);
  }
}
