import { Injectable } from '@nestjs/common';
import { DomainError, isUuid, type JsonObject, type TenantId } from '#kernel';
import { ReadLedger } from '#ledger';
import { Transactions } from '#platform/database';
import { RequestsRepository, type Request } from './requests.repository.js';

/** Requests as they stand, and the receipts of those that are settled. */
@Injectable()
export class ReadRequests {
  constructor(
    private readonly transactions: Transactions,
    private readonly repository: RequestsRepository,
    private readonly ledger: ReadLedger,
  ) {}

  /** Throws DomainError not_found `request.unknown`. */
  async find(tenant: TenantId, id: string): Promise<Request> {
    const request = isUuid(id)
      ? await this.transactions.run(tenant, (tx) => this.repository.find(tx, tenant, id))
      : undefined;
    if (request === undefined)
      throw new DomainError('not_found', 'request.unknown', 'no request has this id');
    return request;
  }

  async page(
    tenant: TenantId,
    filter: {
      readonly batchId: string | undefined;
      readonly after: string | undefined;
      readonly limit: number;
    },
  ): Promise<readonly Request[]> {
    return this.transactions.run(tenant, (tx) => this.repository.page(tx, tenant, filter));
  }

  /**
   * The receipt with its proof, as one file that anyone can verify offline. Throws DomainError not_found
   * `receipt.not_issued` while the request runs, and conflict `receipt.not_proved` until its entry is in the tree.
   */
  async receipt(tenant: TenantId, id: string): Promise<JsonObject> {
    await this.find(tenant, id);
    const stored = await this.transactions.run(tenant, (tx) => this.repository.receipt(tx, tenant, id));
    if (stored === undefined)
      throw new DomainError('not_found', 'receipt.not_issued', 'the request is not settled yet');
    return this.ledger.signedDocument(tenant, stored.number, stored.document);
  }
}
