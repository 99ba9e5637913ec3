import { Body, Controller, Get, HttpCode, Param, Post, Query } from '@nestjs/common';
import { ApiAcceptedResponse, ApiBearerAuth, ApiOkResponse, ApiTags } from '@nestjs/swagger';
import { ReadObligations, type Obligation } from '#enforcement';
import type { JsonObject, TenantId } from '#kernel';
import { FileRequests, ReadRequests } from '#requests';
import { CurrentTenant } from '../http/current-tenant.js';
import { Requires } from '../http/requires.js';
import {
  FileBatchDto,
  FiledBatchDto,
  FiledRequestDto,
  FileRequestDto,
  ObligationPageDto,
  presentRequest,
  RequestDto,
  RequestPageDto,
} from './requests.dto.js';

@ApiTags('requests')
@ApiBearerAuth()
@Controller('v1')
export class RequestsController {
  constructor(
    private readonly fileRequests: FileRequests,
    private readonly readRequests: ReadRequests,
    private readonly readObligations: ReadObligations,
  ) {}

  /** Asks for a person's signals to be erased everywhere. From the answer on, decisions about them deny. */
  @Post('requests')
  @HttpCode(202)
  @Requires('create', 'Request')
  @ApiAcceptedResponse({ type: FiledRequestDto })
  async file(@CurrentTenant() tenant: TenantId, @Body() body: FileRequestDto): Promise<FiledRequestDto> {
    const { requests } = await this.fileRequests.execute(tenant, [body.subject], false);
    const [filed] = requests;
    if (filed === undefined) throw new TypeError('a filed request is missing');
    return filed;
  }

  /** The same for many people at once: a request each, worked off together. */
  @Post('requests/batch')
  @HttpCode(202)
  @Requires('create', 'Request')
  @ApiAcceptedResponse({ type: FiledBatchDto })
  async fileBatch(@CurrentTenant() tenant: TenantId, @Body() body: FileBatchDto): Promise<FiledBatchDto> {
    const { batchId, requests } = await this.fileRequests.execute(tenant, body.subjects, true);
    return { batchId: batchId ?? '', requests };
  }

  @Get('requests')
  @Requires('read', 'Request')
  @ApiOkResponse({ type: [RequestDto] })
  async list(
    @CurrentTenant() tenant: TenantId,
    @Query() query: RequestPageDto,
  ): Promise<readonly RequestDto[]> {
    const page = await this.readRequests.page(tenant, {
      batchId: query.batch,
      after: query.after,
      limit: query.limit,
    });
    return page.map(presentRequest);
  }

  @Get('requests/:id')
  @Requires('read', 'Request')
  @ApiOkResponse({ type: RequestDto })
  async find(@CurrentTenant() tenant: TenantId, @Param('id') id: string): Promise<RequestDto> {
    return presentRequest(await this.readRequests.find(tenant, id));
  }

  /** The signed receipt with its proof: one file that `lethe verify` checks offline. */
  @Get('requests/:id/receipt')
  @Requires('read', 'Request')
  @ApiOkResponse({ type: Object })
  async receipt(@CurrentTenant() tenant: TenantId, @Param('id') id: string): Promise<JsonObject> {
    return this.readRequests.receipt(tenant, id);
  }

  /** The work that causes led to, open and settled. */
  @Get('obligations')
  @Requires('read', 'Obligation')
  @ApiOkResponse({ type: [Object] })
  async obligations(
    @CurrentTenant() tenant: TenantId,
    @Query() query: ObligationPageDto,
  ): Promise<readonly Obligation[]> {
    return this.readObligations.page(tenant, {
      causeId: query.cause,
      after: query.after,
      limit: query.limit,
    });
  }
}
