import { Body, Controller, Get, HttpCode, Inject, Param, ParseIntPipe, Post } from '@nestjs/common';
import { ApiBearerAuth, ApiCreatedResponse, ApiOkResponse, ApiTags } from '@nestjs/swagger';
import type { Caller } from '#access';
import { ApplyPlan, ApprovePlan, PlanPolicy, ReadPlans } from '#impact';
import { DomainError, type Clock } from '#kernel';
import { CLOCK } from '#platform/runtime';
import { policyJsonSchema, ReadPolicy } from '#policy';
import { CurrentCaller } from '../http/current-caller.js';
import { Public, Requires } from '../http/requires.js';
import { PlanDto, presentPlan } from './plan.dto.js';
import {
  AppliedPlanDto,
  ApplyPlanDto,
  ApprovePlanDto,
  PlanPolicyDto,
  PolicyDto,
  PolicyVersionDto,
  StoredPolicyDto,
} from './policies.dto.js';

@ApiTags('policy')
@ApiBearerAuth()
@Controller('v1/policy')
export class PoliciesController {
  constructor(private readonly readPolicy: ReadPolicy) {}

  /** The policy in force. */
  @Get()
  @Requires('read', 'Policy')
  @ApiOkResponse({ type: PolicyDto })
  async inForce(@CurrentCaller() caller: Caller): Promise<PolicyDto> {
    return this.readPolicy.inForce(caller);
  }

  /** The JSON Schema of a policy file, for editors. */
  @Get('schema')
  @Public()
  @ApiOkResponse({ type: Object })
  schema(): unknown {
    return policyJsonSchema();
  }

  /** All versions, newest first. */
  @Get('versions')
  @Requires('read', 'Policy')
  @ApiOkResponse({ type: [PolicyVersionDto] })
  async history(@CurrentCaller() caller: Caller): Promise<readonly PolicyVersionDto[]> {
    const { versions, inForce } = await this.readPolicy.history(caller);
    return versions.map(({ version, digest, appliedAt, effectiveAt, actor }) => ({
      version,
      digest,
      appliedAt,
      effectiveAt,
      actor,
      inForce: version === inForce,
    }));
  }

  /** A version with everything it was made from, so that any answer of its day can be explained. */
  @Get('versions/:version')
  @Requires('read', 'Policy')
  @ApiOkResponse({ type: StoredPolicyDto })
  async version(
    @CurrentCaller() caller: Caller,
    @Param('version', ParseIntPipe) version: number,
  ): Promise<StoredPolicyDto> {
    const { files, ...stored } = await this.readPolicy.stored(caller, version);
    return { ...stored, files: [...files] };
  }
}

@ApiTags('policy')
@ApiBearerAuth()
@Controller('v1/policy/plans')
export class PlansController {
  constructor(
    private readonly planPolicy: PlanPolicy,
    private readonly readPlans: ReadPlans,
    private readonly approvePlan: ApprovePlan,
    private readonly applyPlan: ApplyPlan,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** Says what a policy would change. Rows that it would remove are counted in the stores: `counting` until that is done. */
  @Post()
  @Requires('update', 'Policy')
  @ApiCreatedResponse({ type: PlanDto })
  async plan(@CurrentCaller() caller: Caller, @Body() body: PlanPolicyDto): Promise<PlanDto> {
    const { document, version, effectiveAt } = body;
    const files =
      body.files ?? (document === undefined ? undefined : [{ name: 'policy.yaml', text: document }]);
    const given = [body.files, document, version].filter((one) => one !== undefined).length;
    if (given !== 1)
      throw new DomainError('invalid', 'policy.nothing_to_plan', 'give one of files, document and version');
    const plan = await this.planPolicy.execute(caller, {
      ...(files === undefined ? {} : { files }),
      ...(version === undefined ? {} : { version }),
      ...(effectiveAt === undefined ? {} : { effectiveAt: new Date(effectiveAt) }),
    });
    return presentPlan(plan);
  }

  @Get(':id')
  @Requires('read', 'Policy')
  @ApiOkResponse({ type: PlanDto })
  async find(@CurrentCaller() caller: Caller, @Param('id') id: string): Promise<PlanDto> {
    return presentPlan(await this.readPlans.execute(caller, id));
  }

  /** By another than who made it, where it would remove more than the latest policy allows. */
  @Post(':id/approval')
  @HttpCode(200)
  @Requires('update', 'Policy')
  @ApiOkResponse({ type: PlanDto })
  async approve(
    @CurrentCaller() caller: Caller,
    @Param('id') id: string,
    @Body() { reason }: ApprovePlanDto,
  ): Promise<PlanDto> {
    return presentPlan(await this.approvePlan.execute(caller, id, reason));
  }

  /** Puts exactly the plan that you were shown in force. Refused when anything it rests on has changed since. */
  @Post(':id/application')
  @HttpCode(200)
  @Requires('update', 'Policy')
  @ApiOkResponse({ type: AppliedPlanDto })
  async apply(
    @CurrentCaller() caller: Caller,
    @Param('id') id: string,
    @Body() { digest }: ApplyPlanDto,
  ): Promise<AppliedPlanDto> {
    const { version, effectiveAt } = await this.applyPlan.execute(caller, id, digest, this.clock.now());
    return { version, effectiveAt };
  }
}
