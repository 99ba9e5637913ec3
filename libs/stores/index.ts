export { CheckStores } from './check-stores.js';
export type { RegisteredStore, StoreFault } from './domain/registered-store.js';
export { checkStoresJob } from './jobs.js';
export { OpenStore } from './open-store.js';
export { ReadStores } from './read-stores.js';
export { RegisterDataMap } from './register-data-map.js';
export { StoreRow } from './rows/store.row.js';
export { StoresModule } from './stores.module.js';
export { StoresRepository } from './stores.repository.js';
