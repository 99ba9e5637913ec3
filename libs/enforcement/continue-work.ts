import { Inject, Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import type { IdSource, TenantId } from '#kernel';
import { Sealer } from '#platform/crypto';
import { IDS } from '#platform/runtime';
import { HeldRepository } from './holds/held.repository.js';
import { ResumeWork } from './holds/release-held.js';
import { keyContext, plainKeys } from './obligation.js';

/** A settled obligation that is to be done again. */
export interface Continued {
  readonly id: string;
  /** Opened; null for a sweep, and for keys that cannot be opened: a successor without any fails, and says so. */
  readonly keys: readonly string[] | null;
  /** False when some of its rows may be gone already, uncounted. */
  readonly exact: boolean;
}

/** Gives settled obligations successors that are due now: same cause, same selector, same `asOf`, attempts from the beginning. */
@Injectable()
export class ContinueWork {
  constructor(
    private readonly held: HeldRepository,
    private readonly resumeWork: ResumeWork,
    private readonly sealer: Sealer,
    @Inject(IDS) private readonly ids: IdSource,
  ) {}

  /** Opens their causes again, and rings the lanes. Answers the successors by what they succeed. */
  async execute(
    tx: EntityManager,
    tenant: TenantId,
    work: readonly Continued[],
    now: Date,
  ): Promise<ReadonlyMap<string, string>> {
    if (work.length === 0) return new Map();
    const successors = work.map(({ id: of, keys, exact }) => {
      const id = this.ids.next();
      const sealedKey = keys === null ? null : this.sealer.seal(plainKeys(keys), keyContext(tenant, id));
      return { tenant, id, of, holdId: null, retainedUntil: null, sealedKey, exact };
    });
    const made = await this.held.succeed(tx, successors, now);
    await this.resumeWork.resume(tx, tenant, now, made);
    return new Map(successors.map(({ of, id }) => [of, id]));
  }
}
