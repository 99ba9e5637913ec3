import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import type { Caller } from '#access';
import type { TenantId } from '#kernel';
import { Transactions } from '#platform/database';
import { ResolveSubjects } from '#subjects';
import { ExportRepository, type ExportPlace } from './export.repository.js';

/** What holds for one identifier and purpose: a row that can be imported elsewhere, and when it was said. */
export interface ExportedConsent {
  readonly subject: { readonly type: string; readonly value: string };
  readonly purpose: string;
  readonly action: string;
  readonly noticeVersion: string | null;
  readonly occurredAt: Date;
  readonly expiresAt: Date | null;
}

const pageSize = 1_000;

/** Everybody's consents, by name: for whoever may see everybody. */
@Injectable()
export class ExportConsents {
  constructor(
    private readonly transactions: Transactions,
    private readonly repository: ExportRepository,
    private readonly resolve: ResolveSubjects,
  ) {}

  /** One unchanging view, streamed. Throws DomainError forbidden `access.denied`. */
  execute(caller: Caller): AsyncIterable<ExportedConsent> {
    caller.must('read', 'ConsentFile', {});
    const { tenant } = caller;
    return this.transactions.snapshot(tenant, (tx) => this.rows(tx, tenant));
  }

  private async *rows(tx: EntityManager, tenant: TenantId): AsyncGenerator<ExportedConsent, void, undefined> {
    let after: ExportPlace | undefined = { type: '', hash: Buffer.alloc(0) };
    while (after !== undefined) {
      const { rows, next } = await this.repository.page(tx, tenant, after, pageSize);
      for (const { type, sealed, purpose, action, noticeVersion, occurredAt, expiresAt } of rows) {
        const subject = { type, value: this.resolve.open(tenant, type, sealed) };
        yield { subject, purpose, action, noticeVersion, occurredAt, expiresAt };
      }
      after = next;
    }
  }
}
