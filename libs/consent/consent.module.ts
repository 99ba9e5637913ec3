import { Module } from '@nestjs/common';
import { PolicyModule } from '#policy';
import { SubjectsModule } from '#subjects';
import { AnswerQuestion } from './answer-question.js';
import { ConsentRepository } from './consent.repository.js';
import { ReadConsents } from './read-consents.js';
import { RecordConsent, SubjectsOfConsent, WriteConsentBatch } from './record-consent.js';

@Module({
  imports: [PolicyModule, SubjectsModule],
  providers: [
    ConsentRepository,
    SubjectsOfConsent,
    WriteConsentBatch,
    RecordConsent,
    ReadConsents,
    AnswerQuestion,
  ],
  exports: [ConsentRepository, RecordConsent, ReadConsents, AnswerQuestion],
})
export class ConsentModule {}
