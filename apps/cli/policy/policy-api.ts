import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { DependencyError } from '#kernel';
import { policySchema, type Policy, type PolicyFile } from '#policy';
import { openAccess, type ApiAccess } from '../api-access.js';
import { callApi } from '../call-api.js';
import type { Connection } from '../connected.js';
import { appliedAnswer, planAnswer, versionsAnswer, type Plan, type Versions } from './answers.js';

const pause = 300;

/** The part of the API that policies need. Errors are sentences for a person, and never show the key. */
export class PolicyApi {
  private constructor(private readonly access: ApiAccess) {}

  /** Throws DomainError invalid when there is no key. */
  static async open(connection: Connection): Promise<PolicyApi> {
    return new PolicyApi(await openAccess(connection));
  }

  async plan(body: {
    readonly files?: readonly PolicyFile[];
    readonly version?: number;
    readonly effectiveAt?: string;
  }): Promise<Plan> {
    return this.call('POST', '/v1/policy/plans', planAnswer, body);
  }

  async find(id: string): Promise<Plan> {
    return this.call('GET', `/v1/policy/plans/${encodeURIComponent(id)}`, planAnswer);
  }

  /** Waits until a plan is counted. Throws DependencyError timeout after so many seconds. */
  async counted(made: Plan, seconds: number, progress: (plan: Plan) => void): Promise<Plan> {
    const end = Date.now() + seconds * 1_000;
    let plan = made;
    while (plan.state === 'counting') {
      if (Date.now() > end)
        throw new DependencyError(
          'timeout',
          `the stores are still being counted after ${seconds} s: is a worker running? The plan is ${plan.id}`,
        );
      progress(plan);
      await sleep(pause);
      plan = await this.find(plan.id);
    }
    progress(plan);
    return plan;
  }

  async approve(id: string, reason: string): Promise<Plan> {
    return this.call('POST', `/v1/policy/plans/${encodeURIComponent(id)}/approval`, planAnswer, { reason });
  }

  async apply(id: string, digest: string): Promise<z.infer<typeof appliedAnswer>> {
    return this.call('POST', `/v1/policy/plans/${encodeURIComponent(id)}/application`, appliedAnswer, {
      digest,
    });
  }

  async history(): Promise<Versions> {
    return this.call('GET', '/v1/policy/versions', versionsAnswer);
  }

  /** The policy of a version; `current`: the one in force. */
  async policy(version: number | 'current'): Promise<Policy> {
    const path = version === 'current' ? '/v1/policy' : `/v1/policy/versions/${version}`;
    return (await this.call('GET', path, policyAnswer)).policy;
  }

  private async call<T>(method: string, path: string, answer: z.ZodType<T>, body?: object): Promise<T> {
    return callApi(this.access, { method, path, body }, answer);
  }
}

const policyAnswer = z.object({ policy: policySchema });
