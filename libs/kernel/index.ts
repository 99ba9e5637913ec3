export { systemClock, type Clock } from './clock.js';
export {
  assertNever,
  DependencyError,
  DomainError,
  type DependencyCode,
  type Fault,
  type RefusalKind,
} from './errors.js';
export {
  isUuid,
  storeId,
  subjectRef,
  systemIds,
  tenantId,
  type IdSource,
  type StoreId,
  type SubjectRef,
  type TenantId,
} from './ids.js';
export { canonicalJson, type Json, type JsonObject } from './json.js';
export { random } from './random.js';
export { parseYaml, type TextPlace } from './yaml.js';
