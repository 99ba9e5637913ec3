import { Module } from '@nestjs/common';
import { PolicyModule } from '#policy';
import { StoresModule } from '#stores';
import { ApplyPlan, ApprovePlan, ReadPlans, RequireUnchanged } from './apply-plan.js';
import { Claims, CountDataset, CountPlans } from './count-plans.js';
import { PlanPolicy, WritePlan } from './plan-policy.js';
import { PlansRepository } from './plans.repository.js';

@Module({
  imports: [PolicyModule, StoresModule],
  providers: [
    PlansRepository,
    WritePlan,
    PlanPolicy,
    Claims,
    CountDataset,
    CountPlans,
    ReadPlans,
    ApprovePlan,
    RequireUnchanged,
    ApplyPlan,
  ],
  exports: [PlansRepository, PlanPolicy, CountPlans, ReadPlans, ApprovePlan, ApplyPlan],
})
export class ImpactModule {}
