import { Module } from '@nestjs/common';
import { PolicyModule } from '#policy';
import { SubjectsModule } from '#subjects';
import { AnswerQuestions } from './answer-questions.js';
import { AppendConsents } from './append-consents.js';
import { ExportConsents } from './bulk/export-consents.js';
import { ExportRepository } from './bulk/export.repository.js';
import { ImportConsents } from './bulk/import-consents.js';
import { ChangeConsents } from './change-consents.js';
import { ConsentRepository } from './consent.repository.js';
import { DecisionsRepository } from './decisions.repository.js';
import { ExplainDecisions } from './explain-decisions.js';
import { ExpireConsents } from './expire-consents.js';
import { FeedReplicas } from './feed-replicas.js';
import { HistoryRepository } from './history.repository.js';
import { GatherRecords, IssueRecords, RecordKeys } from './issue-records.js';
import { JudgeConsents, KnowGuardians } from './judge-consents.js';
import { ReadConsents } from './read-consents.js';
import { ReadHistory } from './read-history.js';
import { ReadPastStates } from './read-past-states.js';
import { ReadStates } from './read-states.js';
import { RecordConsent } from './record-consent.js';
import { MergePeople, ProtectChildren, RecordProtection } from './relate-people.js';
import { ReplicaRepository } from './replica.repository.js';
import { WithdrawEverything } from './withdraw-everything.js';
import { ClosedLog, WriteConsentBatch } from './write-consent-batch.js';
import { WriteConsentsRepository } from './write-consents.repository.js';

@Module({
  imports: [PolicyModule, SubjectsModule],
  providers: [
    AnswerQuestions,
    AppendConsents,
    ChangeConsents,
    ConsentRepository,
    DecisionsRepository,
    ExpireConsents,
    ExplainDecisions,
    ExportConsents,
    ExportRepository,
    ImportConsents,
    FeedReplicas,
    GatherRecords,
    HistoryRepository,
    IssueRecords,
    RecordKeys,
    JudgeConsents,
    KnowGuardians,
    ReadConsents,
    ReadHistory,
    ReadPastStates,
    ReadStates,
    MergePeople,
    ProtectChildren,
    RecordConsent,
    RecordProtection,
    ReplicaRepository,
    WithdrawEverything,
    ClosedLog,
    WriteConsentBatch,
    WriteConsentsRepository,
  ],
  exports: [
    AnswerQuestions,
    ConsentRepository,
    ExpireConsents,
    ExplainDecisions,
    ExportConsents,
    FeedReplicas,
    ImportConsents,
    IssueRecords,
    MergePeople,
    ProtectChildren,
    RecordKeys,
    ReadConsents,
    ReadHistory,
    RecordConsent,
    WithdrawEverything,
  ],
})
export class ConsentModule {}
