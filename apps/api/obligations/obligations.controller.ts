import { Body, Controller, Get, HttpCode, Param, Post, Query } from '@nestjs/common';
import { ApiAcceptedResponse, ApiBearerAuth, ApiOkResponse, ApiTags } from '@nestjs/swagger';
import type { Caller } from '#access';
import { CloseFailed, ReadObligations, RetryFailed } from '#enforcement';
import { CurrentCaller } from '../http/current-caller.js';
import { Requires } from '../http/requires.js';
import {
  CloseFailedDto,
  ObligationDto,
  ObligationPageDto,
  RetriedDto,
  RetryFailedDto,
} from './obligations.dto.js';

/** The work that causes led to, and what becomes of it when it failed. */
@ApiTags('obligations')
@ApiBearerAuth()
@Controller('v1/obligations')
export class ObligationsController {
  constructor(
    private readonly readObligations: ReadObligations,
    private readonly retryFailed: RetryFailed,
    private readonly closeFailed: CloseFailed,
  ) {}

  /** Open and settled. What failed has its error, its attempts, and as `settledAt` the last try. */
  @Get()
  @Requires('read', 'Obligation')
  @ApiOkResponse({ type: [ObligationDto] })
  async list(
    @CurrentCaller() caller: Caller,
    @Query() { cause, ...query }: ObligationPageDto,
  ): Promise<readonly Partial<ObligationDto>[]> {
    const page = await this.readObligations.page(caller, { causeId: cause, ...query });
    return page.map((obligation) => caller.pick('Obligation', obligation));
  }

  /** Retries everything that failed in a store, with an error, or both. */
  @Post('retry')
  @HttpCode(202)
  @Requires('update', 'Obligation')
  @ApiAcceptedResponse({ type: RetriedDto })
  async retryMany(
    @CurrentCaller() caller: Caller,
    @Body() { store, error }: RetryFailedDto,
  ): Promise<RetriedDto> {
    return this.retryFailed.many(caller, { store, error });
  }

  /** Another obligation continues it soon: of the same cause, for the same rows, with all its attempts. */
  @Post(':id/retry')
  @HttpCode(202)
  @Requires('update', 'Obligation')
  @ApiAcceptedResponse({ type: ObligationDto })
  async retry(@CurrentCaller() caller: Caller, @Param('id') id: string): Promise<Partial<ObligationDto>> {
    return caller.pick('Obligation', await this.retryFailed.execute(caller, id));
  }

  /** Gives it up: the key of the person goes, and nobody can retry it. */
  @Post(':id/close')
  @HttpCode(200)
  @Requires('update', 'Obligation')
  @ApiOkResponse({ type: ObligationDto })
  async close(
    @CurrentCaller() caller: Caller,
    @Param('id') id: string,
    @Body() { reason }: CloseFailedDto,
  ): Promise<Partial<ObligationDto>> {
    return caller.pick('Obligation', await this.closeFailed.execute(caller, id, reason));
  }
}
