export { loadConnector, loadManifests } from './catalogue.js';
export type {
  BeforeOptions,
  BeforeResult,
  CallOptions,
  Capability,
  Connect,
  Connector,
  Dataset,
  Level,
  Manifest,
  SchemaFault,
  Selector,
  SubjectResult,
} from './contract.js';
export {
  dataMapJsonSchema,
  parseDataMap,
  type DataMap,
  type MappedDataset,
  type MappedStore,
} from './data-map.js';
export { epochAtOrBefore, epochStrictlyBefore } from './domain/moments.js';
export { readSelectors, type ReadSelectors, type WantedKey } from './domain/selectors.js';
export type { FieldRule } from './domain/shape.js';
export { redactSettings, resolveSecrets, type SecretReader, type SecretReference } from './secrets.js';
