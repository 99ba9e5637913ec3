import { Module } from '@nestjs/common';
import { DiscloseSubject, Disclosures } from './disclose-subject.js';
import { DisclosuresRepository } from './disclosures.repository.js';
import { HashIdentifiers } from './hash-identifiers.js';
import { ReadSubject } from './read-subject.js';
import { RelateSubjects } from './relate-subjects.js';
import { RelateSubjectsRepository } from './relate-subjects.repository.js';
import { ResolveSubjects } from './resolve-subjects.js';
import { SubjectsRepository } from './subjects.repository.js';
import { SuppressSubjects } from './suppress-subjects.js';

@Module({
  providers: [
    SubjectsRepository,
    DisclosuresRepository,
    HashIdentifiers,
    RelateSubjects,
    RelateSubjectsRepository,
    ResolveSubjects,
    SuppressSubjects,
    ReadSubject,
    DiscloseSubject,
    Disclosures,
  ],
  exports: [RelateSubjects, ResolveSubjects, SuppressSubjects, ReadSubject, DiscloseSubject, Disclosures],
})
export class SubjectsModule {}
