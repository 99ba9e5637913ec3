import { Body, Controller, Headers, HttpCode, Module, Post, type DynamicModule } from '@nestjs/common';
import { APP_FILTER, APP_PIPE, DiscoveryModule } from '@nestjs/core';
import { Caller } from '#access';
import { AnswerQuestions, ConsentModule } from '#consent';
import { LedgerModule, ledgerRows } from '#ledger';
import type { ProcessConfig } from '#platform/config';
import { CryptoModule } from '#platform/crypto';
import { DatabaseModule } from '#platform/database';
import { OutboxModule } from '#platform/outbox';
import { RuntimeModule } from '#platform/runtime';
import { Metrics, TelemetryModule, type Log } from '#platform/telemetry';
import { PolicyModule, PolicyRow } from '#policy';
import { DecisionsController } from '../../apps/api/decisions/decisions.controller.js';
import {
  questionSchema,
  type DecisionDto,
  type QuestionDto,
} from '../../apps/api/decisions/decisions.dto.js';
import { ProblemFilter } from '../../apps/api/http/problem.filter.js';
import { Public } from '../../apps/api/http/requires.js';
import { SchemaPipe } from '../../apps/api/http/schema.pipe.js';
import { createValidationPipe } from '../../apps/api/http/validation.js';

/** One that is never asked: what a use case costs without its check. */
export class UncheckedCaller extends Caller {
  override must(): void {
    // Nothing, on purpose.
  }
}

// By an interface, so that the pipe for DTOs leaves it to the compiled schema, as the API does.
type Question = Readonly<Pick<QuestionDto, keyof QuestionDto>>;

/** The API's own handler for decisions, with its validation and all that is behind it, and with nobody at the door. */
@Controller('v1/decisions')
export class UnguardedDecisionsController {
  private readonly guarded: DecisionsController;

  constructor(
    answerQuestions: AnswerQuestions,
    metrics: Metrics,
    private readonly caller: Caller,
  ) {
    this.guarded = new DecisionsController(answerQuestions, metrics);
  }

  @Post()
  @HttpCode(200)
  @Public()
  decide(
    @Body(new SchemaPipe<Question>(questionSchema)) body: Question,
    @Headers('sec-gpc') gpc: string | undefined,
  ): Promise<DecisionDto> {
    return this.guarded.decide(this.caller, body, gpc);
  }
}

@Module({})
export class UnguardedApiModule {
  /** Every request is the caller's. */
  static with(config: ProcessConfig, log: Log, caller: Caller): DynamicModule {
    return {
      module: UnguardedApiModule,
      imports: [
        DiscoveryModule,
        RuntimeModule,
        TelemetryModule.logging(log),
        CryptoModule.withMasterKey(config.masterKey),
        DatabaseModule.forRole(config.appDatabaseUrl, [PolicyRow, ...ledgerRows], 8),
        OutboxModule,
        LedgerModule.publishing(config.ledgerFolder),
        PolicyModule,
        ConsentModule,
      ],
      controllers: [UnguardedDecisionsController],
      providers: [
        { provide: Caller, useValue: caller },
        { provide: APP_FILTER, useClass: ProblemFilter },
        { provide: APP_PIPE, useFactory: createValidationPipe },
      ],
    };
  }
}
