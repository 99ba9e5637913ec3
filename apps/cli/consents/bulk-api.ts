import { request as requestHttp, type ClientRequest, type IncomingMessage } from 'node:http';
import { request as requestHttps } from 'node:https';
import { pipeline } from 'node:stream/promises';
import { z } from 'zod';
import { DependencyError, DomainError } from '#kernel';
import { readLines } from '#ledger';
import { openAccess, problemOf, unexpected, unreachable, type ApiAccess } from '../api-access.js';
import type { Connection } from '../connected.js';
import type { RowFormat } from './row-format.js';

const counts = z.object({ read: z.number(), recorded: z.number(), rejected: z.number() });
const rejectedRow = z.object({
  line: z.number(),
  code: z.string(),
  message: z.string(),
  pointer: z.string(),
});
const importLine = z.union([
  z.object({ rejected: rejectedRow }).transform(({ rejected: row }) => ({ kind: 'rejected' as const, row })),
  z
    .object({ progress: counts })
    .transform(({ progress }) => ({ kind: 'progress' as const, counts: progress })),
  counts
    .extend({ done: z.literal(true) })
    .transform(({ done: _, ...all }) => ({ kind: 'done' as const, counts: all })),
  z
    .object({ done: z.literal(false), code: z.string(), message: z.string() })
    .transform((failure) => ({ kind: 'failed' as const, ...failure })),
]);

export type Counts = z.infer<typeof counts>;
export type RejectedRow = z.infer<typeof rejectedRow>;
/** What is said of an import while it runs; the last says that it is done. */
export type ImportNews = Exclude<z.infer<typeof importLine>, { readonly kind: 'failed' }>;

const mediaTypes = { ndjson: 'application/x-ndjson', csv: 'text/csv' } as const;
/** In milliseconds; both sides have something to say more often. */
const longestSilence = 120_000;
const largestProblem = 1_048_576;

/** What is sent, under which it may be sent again, and what ends it early. */
export interface Upload {
  readonly body: AsyncIterable<Uint8Array>;
  readonly format: RowFormat;
  readonly key: string;
  readonly signal: AbortSignal;
}

/** The answer stopped, or never came, after the call had reached the API: what was sent may have been carried out. */
export class BrokenOff extends Error {
  override readonly name = 'BrokenOff';
}

/** The part of the API that takes and gives consents in bulk. Both directions run at once, and nothing is held in memory. */
export class BulkApi {
  private constructor(private readonly access: ApiAccess) {}

  /** Throws DomainError invalid when there is no key. */
  static async open(connection: Connection): Promise<BulkApi> {
    return new BulkApi(await openAccess(connection));
  }

  /**
   * Sends rows and tells what is answered meanwhile. Throws DomainError for a refusal, DependencyError when nobody answers, and
   * BrokenOff when it ended before it was done, also because the body did.
   */
  async *import({ body, format, key, signal }: Upload): AsyncGenerator<ImportNews, void, undefined> {
    const request = this.request('POST', '/v1/consents/import', signal, {
      'content-type': mediaTypes[format],
      'idempotency-key': key,
    });
    // What goes wrong on the way is seen in the answer.
    pipeline(body, request).catch(() => undefined);
    try {
      const response = await this.answerTo(request);
      for await (const line of readLines(response)) {
        const news = this.read(line);
        yield news;
        if (news.kind === 'done') return;
      }
      throw this.lost();
    } catch (error) {
      throw this.translated(error, signal);
    } finally {
      request.destroy();
    }
  }

  /** What holds for everybody, as NDJSON. Iterating throws DependencyError, or BrokenOff when it ended before it was done. */
  async *export(signal: AbortSignal): AsyncGenerator<Uint8Array, void, undefined> {
    const request = this.request('GET', '/v1/consents/export', signal, {});
    request.end();
    try {
      const response: AsyncIterable<Uint8Array> = await this.answerTo(request);
      yield* response;
    } catch (error) {
      throw this.translated(error, signal);
    } finally {
      request.destroy();
    }
  }

  private request(
    method: string,
    path: string,
    signal: AbortSignal,
    headers: Readonly<Record<string, string>>,
  ): ClientRequest {
    const { url, key } = this.access;
    const make = url.startsWith('https:') ? requestHttps : requestHttp;
    const request = make(`${url}${path}`, {
      method,
      signal,
      headers: { ...headers, authorization: `Bearer ${key}` },
    });
    request.setTimeout(longestSilence, () => request.destroy(this.lost()));
    // Whoever waits for the answer hears of it there.
    request.on('error', () => undefined);
    return request;
  }

  private async answerTo(request: ClientRequest): Promise<IncomingMessage> {
    const response = await new Promise<IncomingMessage>((resolve, reject) => {
      request.once('response', resolve).once('error', reject);
    });
    const { statusCode = 0 } = response;
    if (statusCode === 200) {
      if (response.headers['content-type']?.startsWith(mediaTypes.ndjson) === true) return response;
      throw unexpected(this.access);
    }
    let text = '';
    for await (const chunk of response.setEncoding('utf8')) {
      text += String(chunk);
      if (text.length > largestProblem) break;
    }
    throw problemOf(statusCode, parse(text));
  }

  /** Throws what the API says it failed of. */
  private read(line: string): ImportNews {
    const { success, data } = importLine.safeParse(parse(line));
    if (!success) throw unexpected(this.access);
    if (data.kind !== 'failed') return data;
    throw data.code === 'file.malformed'
      ? new DomainError('invalid', data.code, data.message)
      : new BrokenOff(`${data.message} (${data.code})`);
  }

  private lost(): BrokenOff {
    return new BrokenOff(`the connection to ${this.access.url} was lost`);
  }

  private translated(error: unknown, signal: AbortSignal): Error {
    if (error instanceof BrokenOff || error instanceof DomainError || error instanceof DependencyError)
      return error;
    if (signal.aborted) return new BrokenOff('it was interrupted');
    if (!(error instanceof Error)) return unexpected(this.access);
    const code = 'code' in error ? error.code : undefined;
    if (code === 'ECONNRESET' || code === 'EPIPE') return this.lost();
    return 'syscall' in error ? unreachable(this.access) : unexpected(this.access, error);
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
