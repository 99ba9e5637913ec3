import { Body, Controller, HttpCode, Post } from '@nestjs/common';
import { ApiBearerAuth, ApiCreatedResponse, ApiOkResponse, ApiTags } from '@nestjs/swagger';
import type { TenantId } from '#kernel';
import { SuppressSubjects } from '#subjects';
import { CurrentTenant } from '../http/current-tenant.js';
import { Requires } from '../http/requires.js';
import { GuardDto, GuardedDto, RegisteredSubjectDto, RegisterSubjectDto } from './subjects.dto.js';

@ApiTags('subjects')
@ApiBearerAuth()
@Controller('v1')
export class SubjectsController {
  constructor(private readonly suppressSubjects: SuppressSubjects) {}

  /** The person registers, or registers anew after an erasure, which is all that lifts a suppression. */
  @Post('subjects')
  @Requires('create', 'Consent')
  @ApiCreatedResponse({ type: RegisteredSubjectDto })
  async register(
    @CurrentTenant() tenant: TenantId,
    @Body() body: RegisterSubjectDto,
  ): Promise<RegisteredSubjectDto> {
    return { subjectRef: await this.suppressSubjects.lift(tenant, body.subject) };
  }

  /** Asked before signals are written: late events, replays and restored data of erased people are refused. */
  @Post('signals/guard')
  @HttpCode(200)
  @Requires('read', 'Signal')
  @ApiOkResponse({ type: GuardedDto })
  async guard(@CurrentTenant() tenant: TenantId, @Body() body: GuardDto): Promise<GuardedDto> {
    return { allowed: await this.suppressSubjects.guard(tenant, body.subjects) };
  }
}
