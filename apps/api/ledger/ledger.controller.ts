import { Readable } from 'node:stream';
import { Controller, Get, Header, Param, Query, StreamableFile } from '@nestjs/common';
import { ApiBearerAuth, ApiOkResponse, ApiTags } from '@nestjs/swagger';
import type { Caller } from '#access';
import { formatRevision } from '#consent';
import { DomainError, isUuid, tenantId, type Json, type TenantId } from '#kernel';
import { ExportLog, ReadLedger } from '#ledger';
import { Transactions } from '#platform/database';
import { CurrentCaller } from '../http/current-caller.js';
import { Public, Requires } from '../http/requires.js';
import { FeedPageDto, LedgerDto } from './ledger.dto.js';

@ApiTags('ledger')
@Controller()
export class LedgerController {
  constructor(
    private readonly readLedger: ReadLedger,
    private readonly exportLog: ExportLog,
    private readonly transactions: Transactions,
  ) {}

  /** The log's name and public key, and the revision: the number of its last entry. */
  @Get('v1/ledger')
  @ApiBearerAuth()
  @Requires('read', 'Ledger')
  @ApiOkResponse({ type: LedgerDto })
  async about(@CurrentCaller() { tenant }: Caller): Promise<LedgerDto> {
    return this.transactions.run(tenant, async (tx) => {
      const { origin, verifierKey } = await this.readLedger.identity(tx, tenant);
      const { revision, epoch } = await this.readLedger.revision(tx, tenant);
      return { origin, verifierKey, revision: formatRevision({ epoch, number: revision }) };
    });
  }

  /** Everything that changed in the tenant's world after a number, in the order of commits. */
  @Get('v1/feed')
  @ApiBearerAuth()
  @Requires('read', 'Ledger')
  @ApiOkResponse({ type: [Object] })
  async feed(@CurrentCaller() { tenant }: Caller, @Query() query: FeedPageDto): Promise<readonly Json[]> {
    const entries = await this.transactions.run(tenant, (tx) =>
      this.readLedger.entries(tx, tenant, query.after, query.limit),
    );
    return entries.map(({ document }) => document);
  }

  /** The audit log as one NDJSON file that `lethe verify` checks offline. */
  @Get('v1/ledger/export')
  @ApiBearerAuth()
  @Requires('read', 'Ledger')
  @Header('content-type', 'application/x-ndjson')
  @ApiOkResponse({ description: 'A manifest, one line an entry, and a last line that tells the count.' })
  export(@CurrentCaller() { tenant }: Caller): StreamableFile {
    const lines = async function* (source: AsyncIterable<string>) {
      for await (const line of source) yield `${line}\n`;
    };
    return new StreamableFile(Readable.from(lines(this.exportLog.execute(tenant))));
  }

  /** The tenant's log for anyone: C2SP tlog-tiles. Leaves carry no identifier and no pseudonym of a person. */
  @Get('ledger/:tenant/checkpoint')
  @Public()
  @Header('content-type', 'text/plain; charset=utf-8')
  @Header('cache-control', 'no-cache')
  async checkpoint(@Param('tenant') tenant: string): Promise<string> {
    const checkpoint = await this.readLedger.checkpoint(known(tenant));
    if (checkpoint === undefined) throw unknown();
    return checkpoint;
  }

  @Get('ledger/:tenant/tile/*')
  @Public()
  @Header('content-type', 'application/octet-stream')
  @Header('cache-control', 'public, max-age=31536000, immutable')
  async tile(@Param('tenant') tenant: string, @Param('*') path: string): Promise<StreamableFile> {
    const tile = await this.readLedger.tile(known(tenant), `tile/${path}`);
    if (tile === undefined) throw unknown();
    return new StreamableFile(tile);
  }
}

function known(tenant: string): TenantId {
  if (!isUuid(tenant)) throw unknown();
  return tenantId(tenant);
}

function unknown(): DomainError {
  return new DomainError('not_found', 'ledger.unknown', 'there is no such part of a log');
}
