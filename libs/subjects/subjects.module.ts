import { Module } from '@nestjs/common';
import { ResolveSubjects } from './resolve-subjects.js';
import { SubjectsRepository } from './subjects.repository.js';
import { SuppressSubjects } from './suppress-subjects.js';

@Module({
  providers: [SubjectsRepository, ResolveSubjects, SuppressSubjects],
  exports: [ResolveSubjects, SuppressSubjects],
})
export class SubjectsModule {}
