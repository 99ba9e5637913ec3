import { Body, Controller, Get, Put } from '@nestjs/common';
import { ApiBearerAuth, ApiOkResponse, ApiTags } from '@nestjs/swagger';
import type { TenantId } from '#kernel';
import { ApplyPolicy, policyJsonSchema, ReadPolicy } from '#policy';
import { CurrentTenant } from '../http/current-tenant.js';
import { DocumentDto } from '../http/document.dto.js';
import { Public, Requires } from '../http/requires.js';
import { PolicyDto } from './policies.dto.js';

@ApiTags('policy')
@ApiBearerAuth()
@Controller('v1/policy')
export class PoliciesController {
  constructor(
    private readonly applyPolicy: ApplyPolicy,
    private readonly readPolicy: ReadPolicy,
  ) {}

  /** Puts a policy document in force as the next version. */
  @Put()
  @Requires('update', 'Policy')
  @ApiOkResponse({ type: PolicyDto })
  async apply(@CurrentTenant() tenant: TenantId, @Body() body: DocumentDto): Promise<PolicyDto> {
    return this.applyPolicy.execute(tenant, body.document);
  }

  /** The JSON Schema of a policy document, for editors. */
  @Get('schema')
  @Public()
  @ApiOkResponse({ type: Object })
  schema(): unknown {
    return policyJsonSchema();
  }

  @Get()
  @Requires('read', 'Policy')
  @ApiOkResponse({ type: PolicyDto })
  async inForce(@CurrentTenant() tenant: TenantId): Promise<PolicyDto> {
    return this.readPolicy.inForce(tenant);
  }
}
