import { Body, Controller, Delete, Get, HttpCode, Inject, Param, Post, Query } from '@nestjs/common';
import {
  ApiBearerAuth,
  ApiCreatedResponse,
  ApiNoContentResponse,
  ApiOkResponse,
  ApiTags,
} from '@nestjs/swagger';
import { Issuers, type Caller } from '#access';
import type { Clock, IdSource } from '#kernel';
import { CLOCK, IDS } from '#platform/runtime';
import { CurrentCaller } from '../http/current-caller.js';
import { PageDto } from '../http/page.dto.js';
import { Requires } from '../http/requires.js';
import { IssuerDto, TrustIssuerDto } from './issuers.dto.js';

@ApiTags('access')
@ApiBearerAuth()
@Controller('v1/issuers')
export class IssuersController {
  constructor(
    private readonly issuers: Issuers,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(IDS) private readonly ids: IdSource,
  ) {}

  /** Tokens of this issuer are accepted from now on, with the header `Lethe-Tenant`. */
  @Post()
  @Requires('create', 'Issuer')
  @ApiCreatedResponse({ type: IssuerDto })
  async trust(@CurrentCaller() caller: Caller, @Body() body: TrustIssuerDto): Promise<IssuerDto> {
    return this.issuers.trust(caller, body, { id: this.ids.next(), at: this.clock.now() });
  }

  /** With those that were revoked. */
  @Get()
  @Requires('read', 'Issuer')
  @ApiOkResponse({ type: [IssuerDto] })
  async list(@CurrentCaller() caller: Caller, @Query() page: PageDto): Promise<readonly IssuerDto[]> {
    return this.issuers.list(caller, { after: page.after, limit: page.limit });
  }

  @Delete(':id')
  @HttpCode(204)
  @Requires('delete', 'Issuer')
  @ApiNoContentResponse()
  async revoke(@CurrentCaller() caller: Caller, @Param('id') id: string): Promise<void> {
    await this.issuers.revoke(caller, id, this.clock.now());
  }
}
