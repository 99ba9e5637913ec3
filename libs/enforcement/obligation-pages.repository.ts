import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import type { Filter } from '#access';
import type { TenantId } from '#kernel';
import type { Outcome } from './domain/outcome.js';
import { readObligation, type ObligationRow } from './obligation-rows.js';
import type { Obligation } from './obligation.js';

/** How obligations stand. A dead letter failed, and was neither retried nor closed. */
export const obligationStates = ['open', 'settled', 'dead_letter'] as const;
export type ObligationState = (typeof obligationStates)[number];

const conditions: Readonly<Record<ObligationState, string>> = {
  open: 'o.settled_at is null',
  settled: 'o.settled_at is not null',
  dead_letter: `o.outcome = 'failed' and o.retried_at is null and o.closed_at is null`,
};

/** Which obligations a caller asks for; what is not given, is not asked. */
export interface ObligationPage {
  readonly causeId?: string | undefined;
  readonly state?: ObligationState | undefined;
  readonly outcome?: Outcome | undefined;
  /** By name. */
  readonly store?: string | undefined;
  readonly error?: string | undefined;
  readonly after?: string | undefined;
  readonly limit: number;
}

/** Obligations as people see them. */
@Injectable()
export class ObligationPagesRepository {
  /** A page of the obligations that the filter lets through, by id. */
  async page(
    tx: EntityManager,
    tenant: TenantId,
    visible: Filter,
    wanted: ObligationPage,
  ): Promise<readonly Obligation[]> {
    const { causeId, state, outcome, store, error, after, limit } = wanted;
    const values: unknown[] = [tenant];
    const bind = (value: unknown) => `$${values.push(value)}`;
    const columns = {
      tenant: 'o.tenant_id',
      subjectRef: 'o.subject_ref',
      store: 's.name',
      region: 's.region',
    };
    const asked = [
      visible.sql(columns, bind),
      ...(causeId === undefined ? [] : [`o.cause_id = ${bind(causeId)}`]),
      ...(state === undefined ? [] : [conditions[state]]),
      ...(outcome === undefined ? [] : [`o.outcome = ${bind(outcome)}`]),
      ...(store === undefined ? [] : [`s.name = ${bind(store)}`]),
      ...(error === undefined ? [] : [`o.error = ${bind(error)}`]),
      ...(after === undefined ? [] : [`o.id > ${bind(after)}`]),
    ];
    const rows = await tx.query<ObligationRow[]>(
      `select o.* from obligations o join stores s on s.tenant_id = o.tenant_id and s.id = o.store_id
        where o.tenant_id = $1 and ${asked.join(' and ')}
        order by o.id limit ${bind(limit)}`,
      values,
    );
    return rows.map(readObligation);
  }
}
