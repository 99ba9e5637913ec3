import { Module } from '@nestjs/common';
import { ApplyPolicy } from './apply-policy.js';
import { HoldsRepository } from './holds/holds.repository.js';
import { LiftHold, RecordHolds } from './holds/lift-hold.js';
import { ReadHolds } from './holds/read-holds.js';
import { PoliciesRepository } from './policies.repository.js';
import { ReadPolicy } from './read-policy.js';

@Module({
  providers: [PoliciesRepository, ApplyPolicy, ReadPolicy, HoldsRepository, RecordHolds, LiftHold, ReadHolds],
  exports: [PoliciesRepository, ApplyPolicy, ReadPolicy, HoldsRepository, RecordHolds, LiftHold, ReadHolds],
})
export class PolicyModule {}
