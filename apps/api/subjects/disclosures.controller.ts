import { Body, Controller, Get, Inject, Post, Query } from '@nestjs/common';
import { ApiBearerAuth, ApiCreatedResponse, ApiOkResponse, ApiTags } from '@nestjs/swagger';
import type { Caller } from '#access';
import type { Clock, IdSource } from '#kernel';
import { CLOCK, IDS } from '#platform/runtime';
import { DiscloseSubject, Disclosures } from '#subjects';
import { CurrentCaller } from '../http/current-caller.js';
import { PageDto } from '../http/page.dto.js';
import { Requires } from '../http/requires.js';
import { DiscloseDto, DisclosureDto, presentDisclosure } from './disclosures.dto.js';

@ApiTags('subjects')
@ApiBearerAuth()
@Controller('v1/disclosures')
export class DisclosuresController {
  constructor(
    private readonly discloseSubject: DiscloseSubject,
    private readonly disclosures: Disclosures,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(IDS) private readonly ids: IdSource,
  ) {}

  /** Shows one person to whoever asks, for 15 minutes and a stated reason. The attempt alone is in the tenant's log. */
  @Post()
  @Requires('create', 'Disclosure')
  @ApiCreatedResponse({ type: DisclosureDto })
  async disclose(
    @CurrentCaller() caller: Caller,
    @Body() { subject, reason }: DiscloseDto,
  ): Promise<Partial<DisclosureDto>> {
    const made = { id: this.ids.next(), at: this.clock.now() };
    return presentDisclosure(caller, await this.discloseSubject.execute(caller, { subject, reason }, made));
  }

  /** Who was shown to whom, and why: support sees its own. */
  @Get()
  @Requires('read', 'Disclosure')
  @ApiOkResponse({ type: [DisclosureDto] })
  async list(
    @CurrentCaller() caller: Caller,
    @Query() { after, limit }: PageDto,
  ): Promise<readonly Partial<DisclosureDto>[]> {
    const page = await this.disclosures.page(caller, { after, limit });
    return page.map((disclosure) => presentDisclosure(caller, disclosure));
  }
}
