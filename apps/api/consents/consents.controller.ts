import { Body, Controller, Post } from '@nestjs/common';
import { ApiBearerAuth, ApiCreatedResponse, ApiTags } from '@nestjs/swagger';
import type { Caller } from '#access';
import { RecordConsent } from '#consent';
import { CurrentCaller } from '../http/current-caller.js';
import { Requires } from '../http/requires.js';
import { ConsentDto, RecordedConsentDto } from './consents.dto.js';

@ApiTags('consent')
@ApiBearerAuth()
@Controller('v1/consents')
export class ConsentsController {
  constructor(private readonly recordConsent: RecordConsent) {}

  /** Records what a person said about a purpose. Durable when answered. */
  @Post()
  @Requires('create', 'Consent')
  @ApiCreatedResponse({ type: RecordedConsentDto })
  async record(@CurrentCaller() caller: Caller, @Body() body: ConsentDto): Promise<RecordedConsentDto> {
    return this.recordConsent.execute(caller, body);
  }
}
