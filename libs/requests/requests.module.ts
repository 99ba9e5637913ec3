import { Module } from '@nestjs/common';
import { ConsentModule } from '#consent';
import { EnforcementModule } from '#enforcement';
import { PolicyModule } from '#policy';
import { StoresModule } from '#stores';
import { SubjectsModule } from '#subjects';
import { FileRequests, RecordFiling, WriteRequests } from './file-requests.js';
import { PlanRequests } from './plan-requests.js';
import { CountPreviews, TakePreviews } from './preview/count-previews.js';
import { KnowPeople } from './preview/know-people.js';
import { PreviewRequests, ReadPreviews, WritePreview } from './preview/preview-requests.js';
import { PreviewsRepository } from './preview/previews.repository.js';
import { ReadRequests } from './read-requests.js';
import { RequestsRepository } from './requests.repository.js';
import { CloseRequests, SettleRequests, WriteReceipts } from './settle-requests.js';

@Module({
  imports: [SubjectsModule, PolicyModule, ConsentModule, StoresModule, EnforcementModule],
  providers: [
    RequestsRepository,
    RecordFiling,
    WriteRequests,
    FileRequests,
    PlanRequests,
    CloseRequests,
    WriteReceipts,
    SettleRequests,
    ReadRequests,
    PreviewsRepository,
    WritePreview,
    PreviewRequests,
    ReadPreviews,
    KnowPeople,
    TakePreviews,
    CountPreviews,
  ],
  exports: [
    RequestsRepository,
    FileRequests,
    PlanRequests,
    SettleRequests,
    ReadRequests,
    PreviewsRepository,
    PreviewRequests,
    ReadPreviews,
    CountPreviews,
  ],
})
export class RequestsModule {}
