export { DiscloseSubject, Disclosures } from './disclose-subject.js';
export type { Disclosure } from './disclosures.repository.js';
export { identifierKey, type Identifier } from './domain/identifier.js';
export { namedSubject, unknownSubject } from './domain/named-subject.js';
export { ReadSubject, type SubjectView } from './read-subject.js';
export { ResolveSubjects } from './resolve-subjects.js';
export { DisclosureRow } from './rows/disclosure.row.js';
export { SubjectsModule } from './subjects.module.js';
export { SuppressSubjects } from './suppress-subjects.js';
