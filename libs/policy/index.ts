export { ApplyPolicy } from './apply-policy.js';
export { addDuration, cutOff } from './domain/calendar.js';
export { parsePolicy } from './domain/parse-policy.js';
export {
  policyJsonSchema,
  type AppliedPolicy,
  type Policy,
  type Purpose,
  type RetentionRule,
} from './domain/policy.js';
export { PolicyModule } from './policy.module.js';
export { ReadPolicy } from './read-policy.js';
export { PolicyRow } from './rows/policy.row.js';
