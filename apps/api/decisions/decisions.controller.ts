import { Body, Controller, Headers, HttpCode, Post } from '@nestjs/common';
import { ApiBearerAuth, ApiBody, ApiHeader, ApiOkResponse, ApiTags } from '@nestjs/swagger';
import type { Caller } from '#access';
import { AnswerQuestions, type AnsweredDecision, type QuestionContext } from '#consent';
import { readGpc, readGpp, readTcf, signalsDeny } from '#interop';
import { Metrics } from '#platform/telemetry';
import { CurrentCaller } from '../http/current-caller.js';
import { Requires } from '../http/requires.js';
import { SchemaPipe } from '../http/schema.pipe.js';
import {
  batchSchema,
  DecisionDto,
  DecisionsDto,
  FilterDto,
  FilteredDto,
  filterSchema,
  presentDecision,
  presentStamp,
  QuestionDto,
  QuestionsDto,
  questionSchema,
} from './decisions.dto.js';

const Gpc = () =>
  ApiHeader({ name: 'Sec-GPC', required: false, description: 'Global Privacy Control: `1` opts out.' });

// The bodies are typed by interfaces, so that the pipe for DTOs leaves them to the compiled schemas.
type Question = Readonly<Pick<QuestionDto, keyof QuestionDto>>;
type Questions = Readonly<Pick<QuestionsDto, keyof QuestionsDto>>;
type Filter = Readonly<Pick<FilterDto, keyof FilterDto>>;

@ApiTags('decisions')
@ApiBearerAuth()
@Controller('v1/decisions')
export class DecisionsController {
  constructor(
    private readonly answerQuestions: AnswerQuestions,
    private readonly metrics: Metrics,
  ) {}

  /** May this purpose use this person's signals now? Anything unknown is a deny, with its reason. */
  @Post()
  @HttpCode(200)
  @Requires('read', 'Decision')
  @Gpc()
  @ApiBody({ type: QuestionDto })
  @ApiOkResponse({ type: DecisionDto })
  async decide(
    @CurrentCaller() caller: Caller,
    @Body(new SchemaPipe<Question>(questionSchema)) body: Question,
    @Headers('sec-gpc') gpc: string | undefined,
  ): Promise<DecisionDto> {
    const context = contextOf(gpc, body);
    const [decision] = await this.answerQuestions.execute(caller, [body], context);
    if (decision === undefined) throw new TypeError('a question has no answer');
    this.count([decision]);
    return presentDecision(decision);
  }

  /** Up to 10,000 questions at once. With `detail: reason` the answers are short, and the call is faster. */
  @Post('batch')
  @HttpCode(200)
  @Requires('read', 'Decision')
  @Gpc()
  @ApiBody({ type: QuestionsDto })
  @ApiOkResponse({ type: DecisionsDto })
  async batch(
    @CurrentCaller() caller: Caller,
    @Body(new SchemaPipe<Questions>(batchSchema)) body: Questions,
    @Headers('sec-gpc') gpc: string | undefined,
  ): Promise<DecisionsDto> {
    const { questions, detail } = body;
    const context = contextOf(gpc, body);
    const decisions = await this.answerQuestions.execute(caller, questions, context);
    this.count(decisions);
    return {
      ...presentStamp(decisions),
      decisions:
        detail === 'reason'
          ? decisions.map(({ effect, reason }) => ({ effect, reason }))
          : decisions.map(presentDecision),
    };
  }

  /** Which of these people may be used for one purpose? */
  @Post('filter')
  @HttpCode(200)
  @Requires('read', 'Decision')
  @Gpc()
  @ApiBody({ type: FilterDto })
  @ApiOkResponse({ type: FilteredDto })
  async filter(
    @CurrentCaller() caller: Caller,
    @Body(new SchemaPipe<Filter>(filterSchema)) body: Filter,
    @Headers('sec-gpc') gpc: string | undefined,
  ): Promise<FilteredDto> {
    const { purpose, jurisdiction, subjects } = body;
    const { type } = subjects;
    const context = contextOf(gpc, body);
    const questions = subjects.values.map((value) => ({ subject: { type, value }, purpose, jurisdiction }));
    const decisions = await this.answerQuestions.execute(caller, questions, context);
    this.count(decisions);
    return { ...presentStamp(decisions), allowed: decisions.map(({ effect }) => effect === 'allow') };
  }

  private count(decisions: readonly AnsweredDecision[]): void {
    const counts = new Map<
      AnsweredDecision['reason'],
      { effect: AnsweredDecision['effect']; count: number }
    >();
    for (const { effect, reason } of decisions) {
      const known = counts.get(reason);
      if (known === undefined) counts.set(reason, { effect, count: 1 });
      else known.count += 1;
    }
    for (const [reason, { effect, count }] of counts) this.metrics.decisions.inc({ effect, reason }, count);
  }
}

type Context = Pick<Question, 'globalPrivacyControl' | 'revision' | 'signals'>;

/** What goes for all questions of a request. Throws DomainError invalid `signal.invalid`. */
function contextOf(
  header: string | undefined,
  { globalPrivacyControl, revision, signals: given }: Context,
): QuestionContext {
  const optOutSignal = globalPrivacyControl === true || readGpc(header);
  if (given === undefined) return { optOutSignal, revision };
  const signals = {
    tcf: given.tcf === undefined ? undefined : readTcf(given.tcf, '/signals/tcf'),
    gpp: given.gpp === undefined ? undefined : readGpp(given.gpp, given.gppSections, '/signals/gpp'),
  };
  return { optOutSignal, revision, denies: (rules) => signalsDeny(rules, signals) };
}
