import { Global, Module } from '@nestjs/common';
import { systemClock, systemIds } from '#kernel';
import { CLOCK, IDS } from './tokens.js';

/** Time and randomness as everyone injects them; tests replace them here. */
@Global()
@Module({
  providers: [
    { provide: CLOCK, useValue: systemClock },
    { provide: IDS, useValue: systemIds },
  ],
  exports: [CLOCK, IDS],
})
export class RuntimeModule {}
