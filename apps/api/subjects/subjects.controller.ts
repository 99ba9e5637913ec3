import { Body, Controller, Get, HttpCode, Param, Post } from '@nestjs/common';
import { ApiBearerAuth, ApiCreatedResponse, ApiOkResponse, ApiTags } from '@nestjs/swagger';
import type { Caller } from '#access';
import { ReadSubject, SuppressSubjects } from '#subjects';
import { CurrentCaller } from '../http/current-caller.js';
import { Requires } from '../http/requires.js';
import {
  GuardDto,
  GuardedDto,
  RegisteredSubjectDto,
  RegisterSubjectDto,
  SubjectDto,
} from './subjects.dto.js';

@ApiTags('subjects')
@ApiBearerAuth()
@Controller('v1')
export class SubjectsController {
  constructor(
    private readonly suppressSubjects: SuppressSubjects,
    private readonly readSubject: ReadSubject,
  ) {}

  /** The person registers, or registers anew after an erasure, which is all that lifts a suppression. */
  @Post('subjects')
  @Requires('create', 'Subject')
  @ApiCreatedResponse({ type: RegisteredSubjectDto })
  async register(
    @CurrentCaller() caller: Caller,
    @Body() body: RegisterSubjectDto,
  ): Promise<RegisteredSubjectDto> {
    return { subjectRef: await this.suppressSubjects.lift(caller, body.subject) };
  }

  /** One person, by pseudonym; `self` is the person whose token this is. Somebody whom you may not see is unknown. */
  @Get('subjects/:ref')
  @Requires('read', 'Subject')
  @ApiOkResponse({ type: SubjectDto })
  async find(@CurrentCaller() caller: Caller, @Param('ref') ref: string): Promise<Partial<SubjectDto>> {
    return this.readSubject.execute(caller, ref);
  }

  /** Asked before signals are written: late events, replays and restored data of erased people are refused. */
  @Post('signals/guard')
  @HttpCode(200)
  @Requires('read', 'Signal')
  @ApiOkResponse({ type: GuardedDto })
  async guard(@CurrentCaller() caller: Caller, @Body() body: GuardDto): Promise<GuardedDto> {
    return { allowed: await this.suppressSubjects.guard(caller, body.subjects) };
  }
}
