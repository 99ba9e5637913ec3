import { Stage, type TestTenant } from '#enforcement/testing';
import type { Identifier } from '#subjects';
import { callerOf } from '#testing';
import { FileRequests } from '../file-requests.js';
import { PlanRequests } from '../plan-requests.js';
import { CountPreviews } from '../preview/count-previews.js';
import { PreviewRequests, ReadPreviews } from '../preview/preview-requests.js';
import type { Preview } from '../preview/preview.js';
import { RequestsModule } from '../requests.module.js';
import { ReceiptRow } from '../rows/receipt.row.js';
import { RequestPreviewRow } from '../rows/request-preview.row.js';
import { RequestRow } from '../rows/request.row.js';

/** Somebody by their account. */
export const account = (value: string): Identifier => ({ type: 'account_id', value });

/** Deletions as an office previews and files them. */
export class Previewing {
  private constructor(readonly stage: Stage) {}

  static async open(regions?: readonly string[]): Promise<Previewing> {
    const rows = [RequestRow, ReceiptRow, RequestPreviewRow];
    return new Previewing(await Stage.open({ modules: [RequestsModule], rows, ...(regions && { regions }) }));
  }

  async ask(tenant: TestTenant, people: readonly Identifier[], caller = callerOf(tenant.id)) {
    const { id } = await this.stage.engine.control.get(PreviewRequests).execute(caller, people);
    return { id, find: (by = caller) => this.stage.engine.control.get(ReadPreviews).find(by, id) };
  }

  async count(tenant: TestTenant, signal = new AbortController().signal): Promise<void> {
    await this.stage.engine.worker.get(CountPreviews).execute(tenant.id, signal);
  }

  async preview(tenant: TestTenant, people: readonly Identifier[]): Promise<Preview> {
    const { find } = await this.ask(tenant, people);
    await this.count(tenant);
    return find();
  }

  async file(tenant: TestTenant, people: readonly Identifier[]): Promise<void> {
    await this.stage.engine.control.get(FileRequests).execute(callerOf(tenant.id), people, true);
    await this.stage.engine.worker.get(PlanRequests).execute(tenant.id);
  }
}
