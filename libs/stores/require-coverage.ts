import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { DomainError, type Fault, type TenantId } from '#kernel';
import { PoliciesRepository, ReadPolicy } from '#policy';
import { ReadGovernance } from './read-governance.js';

/**
 * Holds a data map to the policy in force: every registered field has a rule, and none contradicts another. Before the first
 * policy nothing is held to anything; that policy then has to cover all there is.
 */
@Injectable()
export class RequireCoverage {
  constructor(
    private readonly policies: PoliciesRepository,
    private readonly readPolicy: ReadPolicy,
    private readonly readGovernance: ReadGovernance,
  ) {}

  /** To be called before the data map is written, so that no policy changes meanwhile. */
  async lock(tx: EntityManager, tenant: TenantId): Promise<void> {
    await this.policies.lock(tx, tenant);
  }

  /** Throws DomainError conflict `data_map.uncovered` or `data_map.contradicted`. */
  async execute(tx: EntityManager, tenant: TenantId): Promise<void> {
    if ((await this.readPolicy.find(tx, tenant)) === undefined) return;
    const { world, version } = await this.readGovernance.execute(tx, tenant);
    const uncovered = world.uncovered.map(({ store, dataset, field, lacks }) => ({
      pointer: `/stores/${store}/datasets/${dataset}/fields/${field.replaceAll('~', '~0').replaceAll('/', '~1')}`,
      message: `policy version ${version} has no rule of ${lacks.join(' and of ')} for this field`,
    }));
    refuse('data_map.uncovered', 'the policy in force does not cover the data map', uncovered);
    const contradicted = world.conflicts.map(({ store, dataset, rules, message }) => ({
      pointer: store === '' ? '' : `/stores/${store}${dataset === '' ? '' : `/datasets/${dataset}`}`,
      message: `${rules.join(', ')} of policy version ${version}: ${message}`,
    }));
    refuse(
      'data_map.contradicted',
      'the data map and the policy in force contradict each other',
      contradicted,
    );
  }
}

const mostFaults = 100;

function refuse(code: string, sentence: string, faults: readonly Fault[]): void {
  const [first] = faults;
  if (first === undefined) return;
  const more = faults.length > 1 ? ` (and ${faults.length - 1} more)` : '';
  throw new DomainError('conflict', code, `${sentence}: ${first.pointer} ${first.message}${more}`, {
    faults: faults.slice(0, mostFaults),
  });
}
