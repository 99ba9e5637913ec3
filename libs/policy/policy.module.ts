import { Module } from '@nestjs/common';
import { ApplyPolicy } from './apply-policy.js';
import { PoliciesRepository } from './policies.repository.js';
import { ReadPolicy } from './read-policy.js';

@Module({
  providers: [PoliciesRepository, ApplyPolicy, ReadPolicy],
  exports: [PoliciesRepository, ApplyPolicy, ReadPolicy],
})
export class PolicyModule {}
