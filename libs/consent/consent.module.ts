import { Module } from '@nestjs/common';
import { PolicyModule } from '#policy';
import { SubjectsModule } from '#subjects';
import { AnswerQuestion } from './answer-question.js';
import { ConsentRepository } from './consent.repository.js';
import { RecordConsent, SubjectsOfConsent, WriteConsentBatch } from './record-consent.js';

@Module({
  imports: [PolicyModule, SubjectsModule],
  providers: [ConsentRepository, SubjectsOfConsent, WriteConsentBatch, RecordConsent, AnswerQuestion],
  exports: [ConsentRepository, RecordConsent, AnswerQuestion],
})
export class ConsentModule {}
