import { Module, type DynamicModule } from '@nestjs/common';
import { APP_FILTER, APP_PIPE, DiscoveryModule } from '@nestjs/core';
import { Caller } from '#access';
import { ConsentModule } from '#consent';
import { LedgerModule, ledgerRows } from '#ledger';
import type { ProcessConfig } from '#platform/config';
import { CryptoModule } from '#platform/crypto';
import { DatabaseModule } from '#platform/database';
import { OutboxModule } from '#platform/outbox';
import { RuntimeModule } from '#platform/runtime';
import { TelemetryModule, type Log } from '#platform/telemetry';
import { PolicyModule, PolicyRow } from '#policy';
import { DecisionsController } from '../../apps/api/decisions/decisions.controller.js';
import { AdmitCaller } from '../../apps/api/http/admit-caller.js';
import { ProblemFilter } from '../../apps/api/http/problem.filter.js';
import { createValidationPipe } from '../../apps/api/http/validation.js';

/** One that is never asked: what a use case costs without its check. */
export class UncheckedCaller extends Caller {
  override must(): void {
    // Nothing, on purpose.
  }
}

/** Takes everybody for one caller. */
class AdmitAnybody {
  constructor(private readonly caller: Caller) {}

  remembered(): Caller {
    return this.caller;
  }

  execute(): Promise<Caller> {
    return Promise.resolve(this.caller);
  }
}

@Module({})
export class UnguardedApiModule {
  /** The API's own routes for decisions, with all that is behind them and nobody at the door: every request is the caller's. */
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
      controllers: [DecisionsController],
      providers: [
        { provide: AdmitCaller, useValue: new AdmitAnybody(caller) },
        { provide: APP_FILTER, useClass: ProblemFilter },
        { provide: APP_PIPE, useFactory: createValidationPipe },
      ],
    };
  }
}
