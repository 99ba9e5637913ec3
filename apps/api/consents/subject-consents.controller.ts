import { Controller, Get, Param, Query } from '@nestjs/common';
import { ApiBearerAuth, ApiOkResponse, ApiTags } from '@nestjs/swagger';
import type { Caller } from '#access';
import { ExplainDecisions, ReadConsents, ReadHistory } from '#consent';
import { CurrentCaller } from '../http/current-caller.js';
import { Requires } from '../http/requires.js';
import {
  ExplainDto,
  ExplainedDto,
  HistoricConsentDto,
  HistoryPageDto,
  presentExplanation,
  SubjectConsentDto,
} from './subject-consents.dto.js';

/** One person's consents. The person is named by pseudonym; `self` is the person whose token this is. */
@ApiTags('consent')
@ApiBearerAuth()
@Controller('v1/subjects/:ref')
export class SubjectConsentsController {
  constructor(
    private readonly readConsents: ReadConsents,
    private readonly readHistory: ReadHistory,
    private readonly explainDecisions: ExplainDecisions,
  ) {}

  /** What the person last said about each purpose. */
  @Get('consents')
  @Requires('read', 'Consent')
  @ApiOkResponse({ type: [SubjectConsentDto] })
  async consents(
    @CurrentCaller() caller: Caller,
    @Param('ref') ref: string,
  ): Promise<readonly SubjectConsentDto[]> {
    return this.readConsents.execute(caller, ref);
  }

  /** Everything that was ever said for the person, newest first. */
  @Get('consents/history')
  @Requires('read', 'Consent')
  @ApiOkResponse({ type: [HistoricConsentDto] })
  async history(
    @CurrentCaller() caller: Caller,
    @Param('ref') ref: string,
    @Query() { limit, before }: HistoryPageDto,
  ): Promise<readonly HistoricConsentDto[]> {
    return this.readHistory.execute(caller, ref, { limit, before });
  }

  /** Why each purpose may or may not be used, in words for the person; and whether they may be asked about it. */
  @Get('explain')
  @Requires('read', 'Consent')
  @ApiOkResponse({ type: ExplainedDto })
  async explain(
    @CurrentCaller() caller: Caller,
    @Param('ref') ref: string,
    @Query() { jurisdiction, language }: ExplainDto,
  ): Promise<ExplainedDto> {
    const { policyVersion, purposes } = await this.explainDecisions.execute(caller, ref, {
      jurisdiction,
      language,
    });
    return { policyVersion, purposes: purposes.map(presentExplanation) };
  }
}
