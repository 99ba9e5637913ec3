export type { Identifier } from './domain/identifier.js';
export { ResolveSubjects } from './resolve-subjects.js';
export { SubjectsModule } from './subjects.module.js';
export { SuppressSubjects } from './suppress-subjects.js';
