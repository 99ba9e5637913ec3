import { Body, Controller, Delete, HttpCode, Param, Post, Put } from '@nestjs/common';
import {
  ApiBearerAuth,
  ApiCreatedResponse,
  ApiNoContentResponse,
  ApiOkResponse,
  ApiTags,
} from '@nestjs/swagger';
import type { Caller } from '#access';
import { MergePeople, ProtectChildren } from '#consent';
import { CurrentCaller } from '../http/current-caller.js';
import { Requires } from '../http/requires.js';
import {
  AgeDto,
  GuardianDto,
  MergeDto,
  OfAgeDto,
  RegisteredGuardianDto,
  SplitDto,
  SplitOffDto,
} from './relations.dto.js';

/** Who people turn out to be, how old they are, and who speaks for them. */
@ApiTags('subjects')
@ApiBearerAuth()
@Controller('v1/subjects/:ref')
export class RelationsController {
  constructor(
    private readonly mergePeople: MergePeople,
    private readonly protectChildren: ProtectChildren,
  ) {}

  /** The person is somebody else you know, such as a device whose owner signed in. Of what each had said, the stricter holds. */
  @Post('merge')
  @HttpCode(204)
  @Requires('update', 'Subject')
  @ApiNoContentResponse()
  async merge(
    @CurrentCaller() caller: Caller,
    @Param('ref') ref: string,
    @Body() { into }: MergeDto,
  ): Promise<void> {
    await this.mergePeople.merge(caller, ref, into);
  }

  /** Some of the person's identifiers are somebody else's after all. What was said holds for both. */
  @Post('split')
  @Requires('update', 'Subject')
  @ApiCreatedResponse({ type: SplitOffDto })
  async split(
    @CurrentCaller() caller: Caller,
    @Param('ref') ref: string,
    @Body() { identifiers }: SplitDto,
  ): Promise<SplitOffDto> {
    return { subjectRef: await this.mergePeople.split(caller, ref, identifiers) };
  }

  /** Tells how old the person is. What a child had allowed alone is no longer valid. */
  @Put('age')
  @Requires('update', 'Subject')
  @ApiOkResponse({ type: OfAgeDto })
  async tellAge(
    @CurrentCaller() caller: Caller,
    @Param('ref') ref: string,
    @Body() { bornOn, jurisdiction }: AgeDto,
  ): Promise<OfAgeDto> {
    return this.protectChildren.tellAge(caller, ref, { bornOn, jurisdiction });
  }

  /** Registers who may consent for the person. */
  @Post('guardians')
  @Requires('update', 'Subject')
  @ApiCreatedResponse({ type: RegisteredGuardianDto })
  async addGuardian(
    @CurrentCaller() caller: Caller,
    @Param('ref') ref: string,
    @Body() { guardian, proof }: GuardianDto,
  ): Promise<RegisteredGuardianDto> {
    return { guardianRef: await this.protectChildren.addGuardian(caller, ref, guardian, proof) };
  }

  /** What the guardian consented to stays, until it is withdrawn. */
  @Delete('guardians/:guardian')
  @HttpCode(204)
  @Requires('update', 'Subject')
  @ApiNoContentResponse()
  async endGuardian(
    @CurrentCaller() caller: Caller,
    @Param('ref') ref: string,
    @Param('guardian') guardian: string,
  ): Promise<void> {
    await this.protectChildren.endGuardian(caller, ref, guardian);
  }
}
