import { Controller, Get, Header, Param, Query } from '@nestjs/common';
import { ApiBearerAuth, ApiOkResponse, ApiTags } from '@nestjs/swagger';
import { FindTenant, type Caller } from '#access';
import { IssueRecords, RecordKeys } from '#consent';
import { CurrentCaller } from '../http/current-caller.js';
import { Public, Requires } from '../http/requires.js';
import { IssuedRecordsDto, RecordKeysDto, RecordsDto } from './records.dto.js';

/** What a person, or an auditor, keeps of what was consented to. */
@ApiTags('consent')
@Controller()
export class RecordsController {
  constructor(
    private readonly issueRecords: IssueRecords,
    private readonly recordKeys: RecordKeys,
    private readonly findTenant: FindTenant,
  ) {}

  /** The person's consents as a record of ISO/IEC TS 27560 and as a Kantara receipt, each signed; or what is missing for it. */
  @Get('v1/subjects/:ref/consents/records')
  @ApiBearerAuth()
  @Requires('read', 'Consent')
  @Header('cache-control', 'no-store')
  @ApiOkResponse({ type: IssuedRecordsDto })
  async issue(
    @CurrentCaller() caller: Caller,
    @Param('ref') ref: string,
    @Query() { language, jurisdiction }: RecordsDto,
  ): Promise<IssuedRecordsDto> {
    return this.issueRecords.execute(caller, ref, { language, jurisdiction });
  }

  /** The public keys that a tenant's records are verified with, for anyone: a JSON Web Key Set. */
  @Get('consent-records/:tenant/keys')
  @Public()
  @Header('cache-control', 'public, max-age=3600')
  @ApiOkResponse({ type: RecordKeysDto })
  async keys(@Param('tenant') tenant: string): Promise<RecordKeysDto> {
    return this.recordKeys.published(await this.findTenant.known(tenant));
  }
}
