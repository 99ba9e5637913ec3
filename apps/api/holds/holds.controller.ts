import { Body, Controller, Get, HttpCode, Inject, Param, Post, Query } from '@nestjs/common';
import { ApiBearerAuth, ApiCreatedResponse, ApiOkResponse, ApiTags } from '@nestjs/swagger';
import type { Caller } from '#access';
import { PlaceHold } from '#enforcement';
import type { Clock, IdSource } from '#kernel';
import { CLOCK, IDS } from '#platform/runtime';
import { LiftHold, ReadHolds } from '#policy';
import { CurrentCaller } from '../http/current-caller.js';
import { Requires } from '../http/requires.js';
import {
  HoldDto,
  HoldPageDto,
  LiftHoldDto,
  PlacedHoldDto,
  PlaceHoldDto,
  presentHold,
  presentPlaced,
} from './holds.dto.js';

/** Legal holds: what may not be removed, why, and until when. */
@ApiTags('holds')
@ApiBearerAuth()
@Controller('v1/holds')
export class HoldsController {
  constructor(
    private readonly placeHold: PlaceHold,
    private readonly liftHold: LiftHold,
    private readonly readHolds: ReadHolds,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(IDS) private readonly ids: IdSource,
  ) {}

  /** From the answer on nothing that it covers is removed, but what was in a batch already: the answer names these. */
  @Post()
  @Requires('create', 'Hold')
  @ApiCreatedResponse({ type: PlacedHoldDto })
  async place(@CurrentCaller() caller: Caller, @Body() body: PlaceHoldDto): Promise<Partial<PlacedHoldDto>> {
    const made = { id: this.ids.next(), at: this.clock.now() };
    return presentPlaced(caller, await this.placeHold.execute(caller, body, made));
  }

  /** Oldest first, with those that are over. */
  @Get()
  @Requires('read', 'Hold')
  @ApiOkResponse({ type: [HoldDto] })
  async list(
    @CurrentCaller() caller: Caller,
    @Query() { state, after, limit }: HoldPageDto,
  ): Promise<readonly Partial<HoldDto>[]> {
    const page = await this.readHolds.page(caller, { state, after, limit });
    return page.map((hold) => presentHold(caller, hold));
  }

  @Get(':id')
  @Requires('read', 'Hold')
  @ApiOkResponse({ type: HoldDto })
  async find(@CurrentCaller() caller: Caller, @Param('id') id: string): Promise<Partial<HoldDto>> {
    return presentHold(caller, await this.readHolds.find(caller, id));
  }

  /** What it alone held resumes by itself; what another hold covers as well stays held. */
  @Post(':id/lift')
  @HttpCode(200)
  @Requires('update', 'Hold')
  @ApiOkResponse({ type: HoldDto })
  async lift(
    @CurrentCaller() caller: Caller,
    @Param('id') id: string,
    @Body() { reason }: LiftHoldDto,
  ): Promise<Partial<HoldDto>> {
    return presentHold(caller, await this.liftHold.execute(caller, id, reason));
  }
}
