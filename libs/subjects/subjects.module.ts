import { Module } from '@nestjs/common';
import { DiscloseSubject, Disclosures } from './disclose-subject.js';
import { DisclosuresRepository } from './disclosures.repository.js';
import { ReadSubject } from './read-subject.js';
import { ResolveSubjects } from './resolve-subjects.js';
import { SubjectsRepository } from './subjects.repository.js';
import { SuppressSubjects } from './suppress-subjects.js';

@Module({
  providers: [
    SubjectsRepository,
    DisclosuresRepository,
    ResolveSubjects,
    SuppressSubjects,
    ReadSubject,
    DiscloseSubject,
    Disclosures,
  ],
  exports: [ResolveSubjects, SuppressSubjects, ReadSubject, DiscloseSubject, Disclosures],
})
export class SubjectsModule {}
