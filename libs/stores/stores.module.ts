import { Module } from '@nestjs/common';
import { PolicyModule } from '#policy';
import { CheckStores } from './check-stores.js';
import { OpenStore } from './open-store.js';
import { ReadStores } from './read-stores.js';
import { ReadGovernance } from './read-governance.js';
import { RequireCoverage } from './require-coverage.js';
import { RegisterDataMap, WriteStores } from './register-data-map.js';
import { ServedStores } from './served-stores.js';
import { StoresRepository } from './stores.repository.js';

@Module({
  imports: [PolicyModule],
  providers: [
    StoresRepository,
    ReadGovernance,
    RequireCoverage,
    OpenStore,
    ServedStores,
    WriteStores,
    RegisterDataMap,
    CheckStores,
    ReadStores,
  ],
  exports: [
    StoresRepository,
    ServedStores,
    ReadGovernance,
    OpenStore,
    RegisterDataMap,
    CheckStores,
    ReadStores,
  ],
})
export class StoresModule {}
