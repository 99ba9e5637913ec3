import { Inject, Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import type { Caller } from '#access';
import { DomainError, isUuid, type Clock, type IdSource, type TenantId } from '#kernel';
import { Sealer } from '#platform/crypto';
import { Transactions } from '#platform/database';
import { Outbox } from '#platform/outbox';
import { CLOCK, IDS } from '#platform/runtime';
import { ReadPolicy } from '#policy';
import { identifierKey, normaliseIdentifier, type Identifier } from '#subjects';
import { previewRequestsJob } from '../jobs.js';
import { peopleContext, type Preview } from './preview.js';
import { PreviewsRepository } from './previews.repository.js';

const lifetime = 24 * 60 * 60 * 1_000;
const mostCounting = 100;

/** Keeps previews, whom they are about sealed, and tells the workers. */
@Injectable()
export class WritePreview {
  constructor(
    private readonly repository: PreviewsRepository,
    private readonly outbox: Outbox,
    private readonly sealer: Sealer,
  ) {}

  /** Throws DomainError limited `request.too_many_previews`. */
  async execute(
    tx: EntityManager,
    tenant: TenantId,
    preview: Preview,
    people: readonly Identifier[],
  ): Promise<void> {
    if ((await this.repository.countCounting(tx, tenant)) >= mostCounting)
      throw new DomainError(
        'limited',
        'request.too_many_previews',
        `${mostCounting} previews are being counted: ask again when some are done`,
      );
    const plain = Buffer.from(JSON.stringify(people), 'utf8');
    const sealed = this.sealer.seal(plain, peopleContext(tenant, preview.id));
    await this.repository.insert(tx, tenant, preview, sealed);
    await this.outbox.add(tx, [previewRequestsJob.bell({ tenantId: tenant })]);
  }
}

/** Asks what a deletion of people would do, and changes nothing: nobody is registered, suppressed or told apart by it. */
@Injectable()
export class PreviewRequests {
  constructor(
    private readonly transactions: Transactions,
    private readonly readPolicy: ReadPolicy,
    private readonly writePreview: WritePreview,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(IDS) private readonly ids: IdSource,
  ) {}

  /** Whoever may file for these people may ask. Throws DomainError conflict `policy.missing`. */
  async execute(caller: Caller, subjects: readonly Identifier[]): Promise<Preview> {
    for (const subject of subjects) caller.must('create', 'Request', { identifier: identifierKey(subject) });
    const { tenant, principal } = caller;
    const people = new Map(subjects.map((subject) => [identifierKey(subject), normaliseIdentifier(subject)]));
    return this.transactions.run(tenant, async (tx) => {
      const { version } = await this.readPolicy.current(tx, tenant);
      const asOf = this.clock.now();
      const preview: Preview = {
        id: this.ids.next(),
        state: 'counting',
        people: people.size,
        asOf,
        policyVersion: version,
        parts: null,
        actor: principal.actor,
        expiresAt: new Date(asOf.getTime() + lifetime),
      };
      await this.writePreview.execute(tx, tenant, preview, [...people.values()]);
      return preview;
    });
  }
}

/** Previews as they stand: for an office all of them, and for others those that they asked for. */
@Injectable()
export class ReadPreviews {
  constructor(
    private readonly transactions: Transactions,
    private readonly repository: PreviewsRepository,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** Throws DomainError not_found `request.unknown_preview`. */
  async find(caller: Caller, id: string): Promise<Preview> {
    caller.mustEver('read', 'Preview');
    const { tenant } = caller;
    const visible = caller.filter('read', 'Preview');
    const wanted = { id, now: this.clock.now() };
    const preview = isUuid(id)
      ? await this.transactions.run(tenant, (tx) => this.repository.find(tx, tenant, visible, wanted))
      : undefined;
    if (preview === undefined)
      throw new DomainError('not_found', 'request.unknown_preview', 'no preview has this id');
    return preview;
  }
}
