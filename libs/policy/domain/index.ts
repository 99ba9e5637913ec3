// What the rules of other libraries may use of policies: pure functions, without the module around them.
export { addDuration, cutOff, dueFrom } from './calendar.js';
export { controllerSchema } from './controller.js';
export { enclosingJurisdictions } from './compiled-policy.js';
export { scopeFaults } from './hold-scope.js';
export { beyond, mayCover, sweepUnder, type Removal } from './hold-match.js';
export { enclosingPurposes } from './purpose-faults.js';
