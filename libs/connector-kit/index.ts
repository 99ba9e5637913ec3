export { loadConnector, loadManifests } from './catalogue.js';
export type {
  AgeGroup,
  BeforeOptions,
  BeforeResult,
  CallOptions,
  Connect,
  Connector,
  Dataset,
  Level,
  Manifest,
  SchemaFault,
  Selector,
  SubjectResult,
} from './contract.js';
export { dataMapJsonSchema, parseDataMap, type MappedDataset, type MappedStore } from './data-map.js';
export { AgeGroups, listFromJson, rowsBefore } from './domain/ages.js';
export { epochAtOrBefore, epochStrictlyBefore } from './domain/moments.js';
export { isKey, keysToLeave, readSelectors, type WantedKey } from './domain/selectors.js';
