import { Body, Controller, Post } from '@nestjs/common';
import { ApiBearerAuth, ApiCreatedResponse, ApiTags } from '@nestjs/swagger';
import { RecordConsent } from '#consent';
import type { TenantId } from '#kernel';
import { CurrentTenant } from '../http/current-tenant.js';
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
  async record(@CurrentTenant() tenant: TenantId, @Body() body: ConsentDto): Promise<RecordedConsentDto> {
    return this.recordConsent.execute(tenant, body);
  }
}
