import { Body, Controller, Delete, Get, HttpCode, Inject, Param, Post, Query } from '@nestjs/common';
import {
  ApiBearerAuth,
  ApiCreatedResponse,
  ApiNoContentResponse,
  ApiOkResponse,
  ApiTags,
} from '@nestjs/swagger';
import { CreateTenant, Keys, ListKeys, type Caller } from '#access';
import { tenantId, type Clock, type IdSource } from '#kernel';
import { CLOCK, IDS } from '#platform/runtime';
import { CurrentCaller } from '../http/current-caller.js';
import { PageDto } from '../http/page.dto.js';
import { Requires } from '../http/requires.js';
import {
  CreatedTenantDto,
  CreateTenantDto,
  IssuedKeyDto,
  IssueKeyDto,
  KeyDto,
  RotateKeyDto,
} from './access.dto.js';

@ApiTags('access')
@ApiBearerAuth()
@Controller('v1')
export class AccessController {
  constructor(
    private readonly createTenant: CreateTenant,
    private readonly keys: Keys,
    private readonly listKeys: ListKeys,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(IDS) private readonly ids: IdSource,
  ) {}

  /** For the operator of the installation: a tenant with its own ledger, and its first administrator's key. */
  @Post('tenants')
  @Requires('create', 'Tenant')
  @ApiCreatedResponse({ type: CreatedTenantDto })
  async create(@CurrentCaller() caller: Caller, @Body() body: CreateTenantDto): Promise<CreatedTenantDto> {
    const { slug, name, origin } = body;
    const id = tenantId(this.ids.next());
    return this.createTenant.execute(caller, { id, slug, name, origin, at: this.clock.now() });
  }

  @Post('keys')
  @Requires('create', 'Key')
  @ApiCreatedResponse({ type: IssuedKeyDto })
  async issue(@CurrentCaller() caller: Caller, @Body() body: IssueKeyDto): Promise<IssuedKeyDto> {
    const { role, name, scope, expiresAt } = body;
    return this.keys.issue(caller, {
      role,
      name,
      scope: scope ?? null,
      expiresAt: expiresAt === undefined ? null : new Date(expiresAt),
    });
  }

  @Get('keys')
  @Requires('read', 'Key')
  @ApiOkResponse({ type: [KeyDto] })
  async list(@CurrentCaller() caller: Caller, @Query() page: PageDto): Promise<readonly KeyDto[]> {
    return this.listKeys.execute(caller, { after: page.after, limit: page.limit });
  }

  /** A successor of the same role and scope; the old key works on for a while, so that nothing is interrupted. */
  @Post('keys/:id/rotation')
  @Requires('update', 'Key')
  @ApiCreatedResponse({ type: IssuedKeyDto })
  async rotate(
    @CurrentCaller() caller: Caller,
    @Param('id') id: string,
    @Body() body: RotateKeyDto,
  ): Promise<IssuedKeyDto> {
    const { overlapSeconds } = body;
    return this.keys.rotate(caller, id, { overlapSeconds, now: this.clock.now() });
  }

  @Delete('keys/:id')
  @HttpCode(204)
  @Requires('delete', 'Key')
  @ApiNoContentResponse()
  async revoke(@CurrentCaller() caller: Caller, @Param('id') id: string): Promise<void> {
    await this.keys.revoke(caller, id, this.clock.now());
  }
}
