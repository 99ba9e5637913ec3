import { Inject, Injectable } from '@nestjs/common';
import { isUncounted, PreviewPlan, type NamedPart } from '#enforcement';
import type { Clock, TenantId } from '#kernel';
import { Sealer } from '#platform/crypto';
import { Transactions } from '#platform/database';
import { CLOCK, Elsewhere } from '#platform/runtime';
import type { Identifier } from '#subjects';
import { KnowPeople } from './know-people.js';
import { peopleContext } from './preview.js';
import { PreviewsRepository, type ClaimedPreview } from './previews.repository.js';

const claimed = 30_000;
const heartbeat = 10_000;

/** Takes previews that nobody counts, keeps them from others meanwhile, and gives them back counted. */
@Injectable()
export class TakePreviews {
  constructor(
    private readonly transactions: Transactions,
    private readonly repository: PreviewsRepository,
    private readonly sealer: Sealer,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** What has expired is forgotten at the same time. */
  async take(tenant: TenantId): Promise<readonly ClaimedPreview[]> {
    return this.transactions.run(tenant, async (tx) => {
      await this.repository.forgetExpired(tx, tenant, this.clock.now());
      return this.repository.claim(tx, tenant, this.clock.now(), this.until());
    });
  }

  /** A claim that cannot be renewed ends by itself: counting twice does no harm. */
  async renew(tenant: TenantId, previews: readonly ClaimedPreview[]): Promise<void> {
    const ids = previews.map(({ id }) => id);
    await this.transactions
      .run(tenant, (tx) => this.repository.renew(tx, tenant, ids, this.until()))
      .catch(() => undefined);
  }

  async finish(tenant: TenantId, { id }: ClaimedPreview, parts: readonly NamedPart[]): Promise<void> {
    const state = parts.some(isUncounted) ? 'failed' : 'counted';
    await this.transactions.run(tenant, (tx) => this.repository.finish(tx, tenant, id, { state, parts }));
  }

  /** For workers who serve the regions that are left. */
  async passOn(tenant: TenantId, { id }: ClaimedPreview, parts: readonly NamedPart[]): Promise<void> {
    await this.transactions.run(tenant, (tx) => this.repository.passOn(tx, tenant, id, parts));
  }

  people(tenant: TenantId, { id, sealedPeople }: ClaimedPreview): readonly Identifier[] {
    const plain: unknown = JSON.parse(
      this.sealer.open(sealedPeople, peopleContext(tenant, id)).toString('utf8'),
    );
    if (!Array.isArray(plain)) throw new TypeError('the people of a preview are not a list');
    return plain.map(({ type, value }: Identifier) => ({ type, value }));
  }

  private until(): Date {
    return new Date(this.clock.now().getTime() + claimed);
  }
}

/** Counts, in the stores, what deletions would do. Counting changes nothing, so doing it twice does no harm. */
@Injectable()
export class CountPreviews {
  constructor(
    private readonly takePreviews: TakePreviews,
    private readonly knowPeople: KnowPeople,
    private readonly previewPlan: PreviewPlan,
  ) {}

  /** Throws Elsewhere when stores of other regions are left. */
  async execute(tenant: TenantId, signal: AbortSignal): Promise<void> {
    let isLeft = false;
    const previews = await this.takePreviews.take(tenant);
    const beat = setInterval(() => void this.takePreviews.renew(tenant, previews), heartbeat);
    try {
      for (const preview of previews) {
        const { asOf, policyVersion } = preview;
        const identifiers = this.takePreviews.people(tenant, preview);
        const { parts, isComplete } = await this.previewPlan.execute(
          tenant,
          async (tx) => ({
            people: await this.knowPeople.execute(tx, tenant, identifiers, asOf),
            asOf,
            policyVersion,
          }),
          { before: preview.parts ?? [], signal },
        );
        isLeft ||= !isComplete;
        if (isComplete) await this.takePreviews.finish(tenant, preview, parts);
        else await this.takePreviews.passOn(tenant, preview, parts);
      }
    } finally {
      clearInterval(beat);
    }
    if (isLeft) throw new Elsewhere();
  }
}
