import { Readable } from 'node:stream';
import { Controller, Get, Header, HttpCode, Post, Req, StreamableFile } from '@nestjs/common';
import { ApiBearerAuth, ApiBody, ApiConsumes, ApiHeader, ApiOkResponse, ApiTags } from '@nestjs/swagger';
import type { FastifyRequest } from 'fastify';
import type { Caller } from '#access';
import { ExportConsents, ImportConsents } from '#consent';
import { DomainError, type JsonObject } from '#kernel';
import { CurrentCaller } from '../http/current-caller.js';
import { IdempotencyKey } from '../http/idempotency-key.js';
import { Requires } from '../http/requires.js';

@ApiTags('consent')
@ApiBearerAuth()
@Controller('v1/consents')
export class BulkController {
  constructor(
    private readonly importConsents: ImportConsents,
    private readonly exportConsents: ExportConsents,
  ) {}

  /**
   * Records what a file says, of any length: NDJSON, or CSV with a header. The answer is NDJSON as it goes: a line for each row
   * that was rejected, with its line and why, progress in between, and at the end `"done": true`.
   */
  @Post('import')
  @HttpCode(200)
  @Requires('create', 'ConsentFile')
  @ApiConsumes('application/x-ndjson', 'text/csv')
  @ApiBody({ schema: { type: 'string' } })
  @ApiHeader({
    name: 'Idempotency-Key',
    required: false,
    description: 'With it, an import that broke off is sent again whole: no row is recorded twice.',
  })
  @Header('content-type', 'application/x-ndjson')
  @ApiOkResponse({ description: 'NDJSON: rejected rows, progress, and a last line with the counts.' })
  import(
    @CurrentCaller() caller: Caller,
    @Req() request: FastifyRequest,
    @IdempotencyKey() key: string | undefined,
  ): StreamableFile {
    const { body } = request;
    if (!(body instanceof Readable))
      throw new DomainError('invalid', 'body.invalid', 'send NDJSON or CSV, with its content-type');
    const format = request.headers['content-type']?.startsWith('text/csv') === true ? 'csv' : 'ndjson';
    const news = this.importConsents.execute(caller, body, format, key);
    return new StreamableFile(Readable.from(told(news)));
  }

  /** What holds for everybody, by name, as NDJSON that can be imported elsewhere. */
  @Get('export')
  @Requires('read', 'ConsentFile')
  @Header('content-type', 'application/x-ndjson')
  @Header('cache-control', 'no-store')
  @ApiOkResponse({ description: 'NDJSON: one line for each identifier and purpose.' })
  export(@CurrentCaller() caller: Caller): StreamableFile {
    const rows = this.exportConsents.execute(caller);
    const lines = async function* () {
      for await (const row of rows) yield `${JSON.stringify(row)}\n`;
    };
    return new StreamableFile(Readable.from(lines()));
  }
}

/** The answer has begun when something goes wrong, so its last line says so. */
async function* told(news: ReturnType<ImportConsents['execute']>): AsyncGenerator<string, void, undefined> {
  const line = (value: JsonObject | object) => `${JSON.stringify(value)}\n`;
  try {
    for (;;) {
      const { value, done } = await news.next();
      yield line(done === true ? { done, ...value } : value);
      if (done === true) return;
    }
  } catch (error) {
    yield line({ done: false, ...faultOf(error) });
  }
}

function faultOf(error: unknown): JsonObject {
  if (error instanceof DomainError) return { code: error.code, message: error.message };
  return {
    code: 'dependency.unavailable',
    message: 'something that Lethe needs did not answer; send the file again, under the same Idempotency-Key',
  };
}
