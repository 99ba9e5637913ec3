import { Global, Module, type DynamicModule } from '@nestjs/common';
import { systemClock, systemIds } from '#kernel';
import { BEATS, CLOCK, IDS, type Beats } from './tokens.js';

export const usualBeats: Beats = { leaseMilliseconds: 30_000, reconcileMilliseconds: 5_000 };

/** Time and randomness as everyone injects them; tests replace them here. */
@Global()
@Module({
  providers: [
    { provide: CLOCK, useValue: systemClock },
    { provide: IDS, useValue: systemIds },
    { provide: BEATS, useValue: usualBeats },
  ],
  exports: [CLOCK, IDS, BEATS],
})
export class RuntimeModule {
  static beating(beats: Beats): DynamicModule {
    return { module: RuntimeModule, providers: [{ provide: BEATS, useValue: beats }] };
  }
}
