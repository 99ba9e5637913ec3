import { Body, Controller, Headers, HttpCode, Post } from '@nestjs/common';
import { ApiBearerAuth, ApiBody, ApiHeader, ApiOkResponse, ApiTags } from '@nestjs/swagger';
import type { Caller } from '#access';
import { AnswerQuestions, type AnsweredDecision, type QuestionContext, type QuestionInput } from '#consent';
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

export const readQuestion = new SchemaPipe<Question>(questionSchema);
export const readQuestions = new SchemaPipe<Questions>(batchSchema);
export const readFilter = new SchemaPipe<Filter>(filterSchema);

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
  decide(
    @CurrentCaller() caller: Caller,
    @Body(readQuestion) body: Question,
    @Headers('sec-gpc') gpc: string | undefined,
  ): DecisionDto | Promise<DecisionDto> {
    return this.answer(caller, [inputOf(body)], contextOf(gpc, body), ([answer]) => {
      if (answer === undefined) throw new TypeError('a question has no answer');
      return presentDecision(answer);
    });
  }

  /** Up to 10,000 questions at once. With `detail: reason` the answers are short, and the call is faster. */
  @Post('batch')
  @HttpCode(200)
  @Requires('read', 'Decision')
  @Gpc()
  @ApiBody({ type: QuestionsDto })
  @ApiOkResponse({ type: DecisionsDto })
  batch(
    @CurrentCaller() caller: Caller,
    @Body(readQuestions) body: Questions,
    @Headers('sec-gpc') gpc: string | undefined,
  ): DecisionsDto | Promise<DecisionsDto> {
    const questions = body.questions.map(inputOf);
    const brief = body.detail === 'reason';
    return this.answer(caller, questions, { ...contextOf(gpc, body), brief }, (answers) => ({
      ...presentStamp(answers),
      decisions: brief
        ? answers.map(({ decision: { effect, reason } }) => ({ effect, reason }))
        : answers.map(presentDecision),
    }));
  }

  /** Which of these people may be used for one purpose? */
  @Post('filter')
  @HttpCode(200)
  @Requires('read', 'Decision')
  @Gpc()
  @ApiBody({ type: FilterDto })
  @ApiOkResponse({ type: FilteredDto })
  filter(
    @CurrentCaller() caller: Caller,
    @Body(readFilter) body: Filter,
    @Headers('sec-gpc') gpc: string | undefined,
  ): FilteredDto | Promise<FilteredDto> {
    const { purpose, jurisdiction, subjects } = body;
    const { type } = subjects;
    const questions = subjects.values.map((value) => ({ subject: { type, value }, purpose, jurisdiction }));
    return this.answer(caller, questions, { ...contextOf(gpc, body), brief: true }, (answers) => ({
      ...presentStamp(answers),
      allowed: answers.map(({ decision }) => decision.effect === 'allow'),
    }));
  }

  /** At once where memory has it all: waiting for nothing costs more than deciding. */
  private answer<T>(
    caller: Caller,
    questions: readonly QuestionInput[],
    context: QuestionContext,
    present: (answers: readonly AnsweredDecision[]) => T,
  ): T | Promise<T> {
    const counted = (answers: readonly AnsweredDecision[]) => {
      this.count(answers);
      return present(answers);
    };
    const remembered = this.answerQuestions.remembered(caller, questions, context);
    return remembered === undefined
      ? this.answerQuestions.execute(caller, questions, context).then(counted)
      : counted(remembered);
  }

  private count(answers: readonly AnsweredDecision[]): void {
    const counts = new Map<string, { decision: AnsweredDecision['decision']; count: number }>();
    for (const { decision } of answers) {
      const known = counts.get(decision.reason);
      if (known === undefined) counts.set(decision.reason, { decision, count: 1 });
      else known.count += 1;
    }
    for (const { decision, count } of counts.values()) this.metrics.countDecisions(decision, count);
  }
}

function inputOf(question: Questions['questions'][number]): QuestionInput {
  const { subject, purpose, jurisdiction, collectedAt } = question;
  return {
    subject,
    purpose,
    jurisdiction,
    collectedAt: collectedAt === undefined ? undefined : new Date(collectedAt),
  };
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
