export { ApplyPlan, ApprovePlan, needsApproval, ReadPlans, scruplesOf } from './apply-plan.js';
export { CountPlans } from './count-plans.js';
export { ImpactModule } from './impact.module.js';
export { countPlansJob } from './jobs.js';
export type { PolicyPlan } from './plan.js';
export { PlanPolicy } from './plan-policy.js';
export { PlansRepository } from './plans.repository.js';
export { PolicyPlanRow } from './rows/policy-plan.row.js';
