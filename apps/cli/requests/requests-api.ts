import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { DependencyError } from '#kernel';
import type { Identifier } from '#subjects';
import { openAccess, type ApiAccess } from '../api-access.js';
import { callApi } from '../call-api.js';
import type { Connection } from '../connected.js';

const pause = 300;
const count = z.number().nullable();
const text = z.string().nullable();

/** A preview as the API answers it. */
const previewAnswer = z.object({
  id: z.string(),
  state: z.enum(['counting', 'counted', 'failed']),
  people: z.number(),
  asOf: z.string(),
  policyVersion: z.number(),
  expiresAt: z.string(),
  parts: z
    .array(
      z.object({
        store: z.string(),
        dataset: z.string(),
        action: z.enum(['erase', 'held', 'retained', 'unsupported']),
        people: z.number(),
        found: count,
        rows: count,
        exact: z.boolean(),
        hold: text,
        legalBasis: text,
        retainedUntil: text,
        note: text,
        error: text,
      }),
    )
    .nullable(),
  totals: z
    .object({ erase: count, held: count, retained: count, unsupported: count, exact: z.boolean() })
    .nullable(),
});

export type Preview = z.infer<typeof previewAnswer>;

/** The part of the API that requests need. Errors are sentences for a person, and never show the key. */
export class RequestsApi {
  private constructor(private readonly access: ApiAccess) {}

  /** Throws DomainError invalid when there is no key. */
  static async open(connection: Connection): Promise<RequestsApi> {
    return new RequestsApi(await openAccess(connection));
  }

  /** Asks what a deletion would do, and waits until it is counted. Throws DependencyError timeout after so many seconds. */
  async preview(subjects: readonly Identifier[], seconds: number): Promise<Preview> {
    const path = '/v1/requests/previews';
    const end = Date.now() + seconds * 1_000;
    let preview = await callApi(this.access, { method: 'POST', path, body: { subjects } }, previewAnswer);
    const own = { method: 'GET', path: `${path}/${encodeURIComponent(preview.id)}` };
    while (preview.state === 'counting') {
      if (Date.now() > end)
        throw new DependencyError(
          'timeout',
          `the stores are still being counted after ${seconds} s: is a worker running? The preview is ${preview.id}`,
        );
      await sleep(pause);
      preview = await callApi(this.access, own, previewAnswer);
    }
    return preview;
  }
}
