import { Global, Module, type DynamicModule } from '@nestjs/common';
import { systemClock, systemIds } from '#kernel';
import { Regions } from './regions.js';
import { BEATS, CLOCK, IDS, type Beats } from './tokens.js';

export const usualBeats: Beats = {
  leaseMilliseconds: 30_000,
  reconcileMilliseconds: 5_000,
  batchSize: 5_000,
};

/** Time and randomness as everyone injects them; tests replace them here. */
@Global()
@Module({
  providers: [
    { provide: CLOCK, useValue: systemClock },
    { provide: IDS, useValue: systemIds },
    { provide: BEATS, useValue: usualBeats },
    { provide: Regions, useValue: new Regions() },
  ],
  exports: [CLOCK, IDS, BEATS, Regions],
})
export class RuntimeModule {
  static for({ beats, regions }: { readonly beats: Beats; readonly regions: Regions }): DynamicModule {
    return {
      module: RuntimeModule,
      providers: [
        { provide: BEATS, useValue: beats },
        { provide: Regions, useValue: regions },
      ],
    };
  }
}
