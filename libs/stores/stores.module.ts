import { Module } from '@nestjs/common';
import { CheckStores } from './check-stores.js';
import { OpenStore } from './open-store.js';
import { ReadStores } from './read-stores.js';
import { RegisterDataMap, WriteStores } from './register-data-map.js';
import { StoresRepository } from './stores.repository.js';

@Module({
  providers: [StoresRepository, OpenStore, WriteStores, RegisterDataMap, CheckStores, ReadStores],
  exports: [StoresRepository, OpenStore, RegisterDataMap, CheckStores, ReadStores],
})
export class StoresModule {}
