import { Global, Module, type DynamicModule } from '@nestjs/common';
import { Log } from './log.js';
import { Metrics } from './metrics.js';

@Global()
@Module({})
export class TelemetryModule {
  static logging(log: Log): DynamicModule {
    return {
      module: TelemetryModule,
      providers: [Metrics, { provide: Log, useValue: log }],
      exports: [Metrics, Log],
    };
  }
}
