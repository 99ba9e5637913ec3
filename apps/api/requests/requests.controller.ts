import { Body, Controller, Get, HttpCode, Param, Post, Query } from '@nestjs/common';
import { ApiAcceptedResponse, ApiBearerAuth, ApiOkResponse, ApiTags } from '@nestjs/swagger';
import type { Caller } from '#access';
import type { JsonObject } from '#kernel';
import { FileRequests, ReadRequests } from '#requests';
import { CurrentCaller } from '../http/current-caller.js';
import { Requires } from '../http/requires.js';
import {
  FileBatchDto,
  FiledBatchDto,
  FiledRequestDto,
  FileRequestDto,
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
  ) {}

  /** Asks for a person's signals to be erased everywhere. From the answer on, decisions about them deny. */
  @Post('requests')
  @HttpCode(202)
  @Requires('create', 'Request')
  @ApiAcceptedResponse({ type: FiledRequestDto })
  async file(@CurrentCaller() caller: Caller, @Body() body: FileRequestDto): Promise<FiledRequestDto> {
    const { requests } = await this.fileRequests.execute(caller, [body.subject], false);
    const [filed] = requests;
    if (filed === undefined) throw new TypeError('a filed request is missing');
    return filed;
  }

  /** The same for many people at once: a request each, worked off together. */
  @Post('requests/batch')
  @HttpCode(202)
  @Requires('create', 'Request')
  @ApiAcceptedResponse({ type: FiledBatchDto })
  async fileBatch(@CurrentCaller() caller: Caller, @Body() body: FileBatchDto): Promise<FiledBatchDto> {
    const { batchId, requests } = await this.fileRequests.execute(caller, body.subjects, true);
    return { batchId: batchId ?? '', requests };
  }

  @Get('requests')
  @Requires('read', 'Request')
  @ApiOkResponse({ type: [RequestDto] })
  async list(
    @CurrentCaller() caller: Caller,
    @Query() query: RequestPageDto,
  ): Promise<readonly Partial<RequestDto>[]> {
    const page = await this.readRequests.page(caller, {
      batchId: query.batch,
      after: query.after,
      limit: query.limit,
    });
    return page.map((request) => presentRequest(caller, request));
  }

  @Get('requests/:id')
  @Requires('read', 'Request')
  @ApiOkResponse({ type: RequestDto })
  async find(@CurrentCaller() caller: Caller, @Param('id') id: string): Promise<Partial<RequestDto>> {
    return presentRequest(caller, await this.readRequests.find(caller, id));
  }

  /** The signed receipt with its proof: one file that `lethe verify` checks offline. */
  @Get('requests/:id/receipt')
  @Requires('read', 'Request')
  @ApiOkResponse({ type: Object })
  async receipt(@CurrentCaller() caller: Caller, @Param('id') id: string): Promise<JsonObject> {
    return this.readRequests.receipt(caller, id);
  }
}
