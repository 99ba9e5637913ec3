import { Body, Controller, Headers, HttpCode, Post } from '@nestjs/common';
import { ApiBearerAuth, ApiHeader, ApiOkResponse, ApiTags } from '@nestjs/swagger';
import type { Caller } from '#access';
import { AnswerQuestion } from '#consent';
import { Metrics } from '#platform/telemetry';
import { CurrentCaller } from '../http/current-caller.js';
import { Requires } from '../http/requires.js';
import { DecisionDto, presentDecision, QuestionDto } from './decisions.dto.js';

@ApiTags('decisions')
@ApiBearerAuth()
@Controller('v1/decisions')
export class DecisionsController {
  constructor(
    private readonly answerQuestion: AnswerQuestion,
    private readonly metrics: Metrics,
  ) {}

  /** May this purpose use this person's signals now? Anything unknown is a deny, with its reason. */
  @Post()
  @HttpCode(200)
  @Requires('read', 'Decision')
  @ApiHeader({ name: 'Sec-GPC', required: false, description: 'Global Privacy Control: `1` opts out.' })
  @ApiOkResponse({ type: DecisionDto })
  async decide(
    @CurrentCaller() caller: Caller,
    @Body() body: QuestionDto,
    @Headers('sec-gpc') gpc: string | undefined,
  ): Promise<DecisionDto> {
    // Exactly "1" counts, and of several headers (joined by the parser with commas) one is enough.
    const signalled = (gpc ?? '').split(',').some((value) => value.trim() === '1');
    const decision = await this.answerQuestion.execute(caller, {
      subject: body.subject,
      purpose: body.purpose,
      optOutSignal: signalled || body.globalPrivacyControl === true,
      ...(body.revision === undefined ? {} : { revision: body.revision }),
    });
    this.metrics.decisions.inc({ effect: decision.effect, reason: decision.reason });
    return presentDecision(decision);
  }
}
