import { Body, Controller, Get, HttpCode, Param, Post } from '@nestjs/common';
import { ApiAcceptedResponse, ApiBearerAuth, ApiOkResponse, ApiTags } from '@nestjs/swagger';
import type { Caller } from '#access';
import { PreviewRequests, ReadPreviews } from '#requests';
import { CurrentCaller } from '../http/current-caller.js';
import { Requires } from '../http/requires.js';
import { presentPreview, PreviewDto, PreviewRequestsDto } from './previews.dto.js';

@ApiTags('requests')
@ApiBearerAuth()
@Controller('v1/requests/previews')
export class PreviewsController {
  constructor(
    private readonly previewRequests: PreviewRequests,
    private readonly readPreviews: ReadPreviews,
  ) {}

  /** Asks what a deletion of these people would do, and does nothing. Rows are counted in the stores: `counting` until that is done. */
  @Post()
  @HttpCode(202)
  @Requires('create', 'Request')
  @ApiAcceptedResponse({ type: PreviewDto })
  async preview(@CurrentCaller() caller: Caller, @Body() body: PreviewRequestsDto): Promise<PreviewDto> {
    return presentPreview(caller, await this.previewRequests.execute(caller, body.subjects));
  }

  /** By store and dataset, what would become of their rows. It is kept for a day; who is no officer sees their own. */
  @Get(':id')
  @Requires('read', 'Preview')
  @ApiOkResponse({ type: PreviewDto })
  async find(@CurrentCaller() caller: Caller, @Param('id') id: string): Promise<PreviewDto> {
    return presentPreview(caller, await this.readPreviews.find(caller, id));
  }
}
