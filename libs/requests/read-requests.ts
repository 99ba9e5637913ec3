import { Injectable } from '@nestjs/common';
import type { Caller } from '#access';
import { DomainError, isUuid, type JsonObject } from '#kernel';
import { ReadLedger } from '#ledger';
import { Transactions } from '#platform/database';
import { RequestsRepository, type Request, type RequestPage } from './requests.repository.js';

/** Requests as they stand, and the receipts of those that are settled. */
@Injectable()
export class ReadRequests {
  constructor(
    private readonly transactions: Transactions,
    private readonly repository: RequestsRepository,
    private readonly ledger: ReadLedger,
  ) {}

  /** Throws DomainError not_found `request.unknown`. */
  async find(caller: Caller, id: string): Promise<Request> {
    const [request] = isUuid(id) ? await this.page(caller, { id, limit: 1 }) : [];
    if (request === undefined)
      throw new DomainError('not_found', 'request.unknown', 'no request has this id');
    return request;
  }

  async page(caller: Caller, wanted: RequestPage): Promise<readonly Request[]> {
    const { tenant } = caller;
    const visible = caller.filter('read', 'Request');
    return this.transactions.run(tenant, (tx) => this.repository.page(tx, tenant, visible, wanted));
  }

  /**
   * The receipt with its proof, as one file that anyone can verify offline. Throws DomainError not_found
   * `receipt.not_issued` while the request runs, and conflict `receipt.not_proved` until its entry is in the tree.
   */
  async receipt(caller: Caller, id: string): Promise<JsonObject> {
    await this.find(caller, id);
    const { tenant } = caller;
    const stored = await this.transactions.run(tenant, (tx) => this.repository.receipt(tx, tenant, id));
    if (stored === undefined)
      throw new DomainError('not_found', 'receipt.not_issued', 'the request is not settled yet');
    return this.ledger.signedDocument(tenant, stored.number, stored.document);
  }
}
