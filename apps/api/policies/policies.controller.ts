import { Body, Controller, Get, Put } from '@nestjs/common';
import { ApiBearerAuth, ApiOkResponse, ApiTags } from '@nestjs/swagger';
import type { Caller } from '#access';
import { ApplyPolicy, policyJsonSchema, ReadPolicy } from '#policy';
import { CurrentCaller } from '../http/current-caller.js';
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
  async apply(@CurrentCaller() caller: Caller, @Body() body: DocumentDto): Promise<PolicyDto> {
    return this.applyPolicy.execute(caller, body.document);
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
  async inForce(@CurrentCaller() caller: Caller): Promise<PolicyDto> {
    return this.readPolicy.inForce(caller);
  }
}
