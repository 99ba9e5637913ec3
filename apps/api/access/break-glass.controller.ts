import { Body, Controller, Delete, Get, HttpCode, Inject, Param, Post, Query } from '@nestjs/common';
import {
  ApiBearerAuth,
  ApiCreatedResponse,
  ApiNoContentResponse,
  ApiOkResponse,
  ApiTags,
} from '@nestjs/swagger';
import { OperateBreakGlass, OverseeBreakGlass, type Caller } from '#access';
import type { Clock, IdSource } from '#kernel';
import { CLOCK, IDS } from '#platform/runtime';
import { CurrentCaller } from '../http/current-caller.js';
import { PageDto } from '../http/page.dto.js';
import { Requires } from '../http/requires.js';
import { BreakGlassDto, RequestBreakGlassDto } from './break-glass.dto.js';

/** `{tenant}` is a tenant's slug or id. */
@ApiTags('break-glass')
@ApiBearerAuth()
@Controller('v1')
export class BreakGlassController {
  constructor(
    private readonly operate: OperateBreakGlass,
    private readonly oversee: OverseeBreakGlass,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(IDS) private readonly ids: IdSource,
  ) {}

  /** An operator asks for access to a tenant; another operator has to approve it. The tenant sees both. */
  @Post('tenants/:tenant/break-glass')
  @Requires('create', 'BreakGlass')
  @ApiCreatedResponse({ type: BreakGlassDto })
  async request(
    @CurrentCaller() caller: Caller,
    @Param('tenant') tenant: string,
    @Body() { role, reason, minutes }: RequestBreakGlassDto,
  ): Promise<BreakGlassDto> {
    const made = { id: this.ids.next(), at: this.clock.now() };
    return this.operate.request(caller, tenant, { role, reason, minutes }, made);
  }

  /** For the operator who is asked to approve it. */
  @Get('tenants/:tenant/break-glass/:id')
  @Requires('update', 'BreakGlass')
  @ApiOkResponse({ type: BreakGlassDto })
  async find(
    @CurrentCaller() caller: Caller,
    @Param('tenant') tenant: string,
    @Param('id') id: string,
  ): Promise<BreakGlassDto> {
    return this.operate.find(caller, tenant, id, this.clock.now());
  }

  /**
   * By another operator's key than the one that asked. From now on the one that asked may send requests with the headers
   * `Lethe-Tenant` and `Lethe-Break-Glass`, for as long as was asked.
   */
  @Post('tenants/:tenant/break-glass/:id/approval')
  @HttpCode(200)
  @Requires('update', 'BreakGlass')
  @ApiOkResponse({ type: BreakGlassDto })
  async approve(
    @CurrentCaller() caller: Caller,
    @Param('tenant') tenant: string,
    @Param('id') id: string,
  ): Promise<BreakGlassDto> {
    return this.operate.approve(caller, tenant, id, this.clock.now());
  }

  /** Any operator ends it, or takes back the request. */
  @Delete('tenants/:tenant/break-glass/:id')
  @HttpCode(204)
  @Requires('delete', 'BreakGlass')
  @ApiNoContentResponse()
  async endAsOperator(
    @CurrentCaller() caller: Caller,
    @Param('tenant') tenant: string,
    @Param('id') id: string,
  ): Promise<void> {
    await this.operate.end(caller, tenant, id, this.clock.now());
  }

  /** Every access of operators to this tenant: who asked, why, who approved, until when, and how often it was used. */
  @Get('break-glass')
  @Requires('read', 'BreakGlass')
  @ApiOkResponse({ type: [BreakGlassDto] })
  async list(@CurrentCaller() caller: Caller, @Query() page: PageDto): Promise<readonly BreakGlassDto[]> {
    return this.oversee.list(caller, { after: page.after, limit: page.limit }, this.clock.now());
  }

  /** The tenant ends an access, or a request for one, at once. */
  @Delete('break-glass/:id')
  @HttpCode(204)
  @Requires('delete', 'BreakGlass')
  @ApiNoContentResponse()
  async end(@CurrentCaller() caller: Caller, @Param('id') id: string): Promise<void> {
    await this.oversee.end(caller, id, this.clock.now());
  }
}
