import { Body, Controller, Delete, Get, HttpCode, Inject, Param, Post } from '@nestjs/common';
import {
  ApiBearerAuth,
  ApiCreatedResponse,
  ApiNoContentResponse,
  ApiOkResponse,
  ApiTags,
} from '@nestjs/swagger';
import { CreateTenant, Keys } from '#access';
import type { Clock, TenantId } from '#kernel';
import { CLOCK } from '#platform/runtime';
import { CurrentTenant } from '../http/current-tenant.js';
import { Requires } from '../http/requires.js';
import { CreatedTenantDto, CreateTenantDto, IssuedKeyDto, IssueKeyDto, KeyDto } from './access.dto.js';

@ApiTags('access')
@ApiBearerAuth()
@Controller('v1')
export class AccessController {
  constructor(
    private readonly createTenant: CreateTenant,
    private readonly keys: Keys,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** For the operator of the installation: a tenant with its own ledger, and its first administrator's key. */
  @Post('tenants')
  @Requires('create', 'Tenant')
  @ApiCreatedResponse({ type: CreatedTenantDto })
  async create(@Body() body: CreateTenantDto): Promise<CreatedTenantDto> {
    return this.createTenant.execute({ slug: body.slug, name: body.name, at: this.clock.now() });
  }

  @Post('keys')
  @Requires('create', 'Key')
  @ApiCreatedResponse({ type: IssuedKeyDto })
  async issue(@CurrentTenant() tenant: TenantId, @Body() body: IssueKeyDto): Promise<IssuedKeyDto> {
    const expiresAt = body.expiresAt === undefined ? null : new Date(body.expiresAt);
    return this.keys.issue(tenant, { role: body.role, name: body.name, expiresAt });
  }

  @Get('keys')
  @Requires('read', 'Key')
  @ApiOkResponse({ type: [KeyDto] })
  async list(@CurrentTenant() tenant: TenantId): Promise<readonly KeyDto[]> {
    return this.keys.list(tenant);
  }

  @Delete('keys/:id')
  @HttpCode(204)
  @Requires('delete', 'Key')
  @ApiNoContentResponse()
  async revoke(@CurrentTenant() tenant: TenantId, @Param('id') id: string): Promise<void> {
    await this.keys.revoke(tenant, id);
  }
}
