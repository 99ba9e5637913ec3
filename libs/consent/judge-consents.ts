import { Injectable } from '@nestjs/common';
import { DomainError, type SubjectRef, type TenantId } from '#kernel';
import { Transactions } from '#platform/database';
import { digestOfRequest, idempotencyKey, reusedKey } from '#platform/idempotency';
import { ReadPolicy, type AppliedPolicy } from '#policy';
import { ResolveSubjects } from '#subjects';
import { ConsentRepository } from './consent.repository.js';
import { checkConsent } from './domain/check-consent.js';
import type { AcceptedConsent } from './domain/consent.js';
import { readAnswer, type ConsentOutcome, type ConsentWrite } from './domain/recorded.js';
import { WriteConsentsRepository, type WriteContext } from './write-consents.repository.js';

/** A write on its way: what the rules made of it, or what it was answered when it was sent before. */
export interface JudgedConsent {
  readonly write: ConsentWrite;
  /** Under what it may be sent again, with the digest of what it asks. */
  readonly repeatable: { readonly key: Buffer; readonly request: Buffer } | null;
  /** Null for somebody nobody knows yet. */
  readonly subjectRef: SubjectRef | null;
  readonly guardianRef: SubjectRef | null;
  readonly verdict: AcceptedConsent | ConsentOutcome;
}

export interface JudgedBatch {
  readonly policyVersion: number;
  readonly judged: readonly JudgedConsent[];
}

/** Knows who acts as somebody's guardian. */
@Injectable()
export class KnowGuardians {
  constructor(
    private readonly transactions: Transactions,
    private readonly repository: ConsentRepository,
    private readonly resolve: ResolveSubjects,
  ) {}

  /** Null for who does not act as one; an error for who is none of this person. */
  async execute(
    tenant: TenantId,
    { input: { actor } }: ConsentWrite,
    { subjectRef }: WriteContext,
  ): Promise<SubjectRef | null | DomainError> {
    if (actor?.kind !== 'guardian') return null;
    const { guardian } = actor;
    if (guardian === undefined || subjectRef === null) return notGuardian();
    return this.transactions.run(tenant, async (tx) => {
      const ref = await this.resolve.find(tx, tenant, guardian);
      const known = ref !== undefined && (await this.repository.isGuardian(tx, tenant, subjectRef, ref));
      return known ? ref : notGuardian();
    });
  }
}

/** Reads what a batch of writes is judged by, in one statement, and judges each. */
@Injectable()
export class JudgeConsents {
  constructor(
    private readonly repository: WriteConsentsRepository,
    private readonly resolve: ResolveSubjects,
    private readonly readPolicy: ReadPolicy,
    private readonly guardians: KnowGuardians,
  ) {}

  async execute(tenant: TenantId, at: Date, writes: readonly ConsentWrite[]): Promise<JudgedBatch> {
    const keyed = writes.map((write) => ({
      write,
      ...this.resolve.lookUpKey(tenant, write.input.subject),
      repeatable: repeatableOf(write),
    }));
    const contexts = await this.repository.context(
      tenant,
      at,
      keyed.map(({ type, hash, repeatable }) => ({ type, hash, key: repeatable?.key ?? null })),
    );
    const policyVersion = contexts[0]?.policyVersion ?? null;
    const policy = policyVersion === null ? undefined : await this.readPolicy.version(tenant, policyVersion);
    const isNotice = await this.notices(tenant, policy, writes);
    const judged: JudgedConsent[] = [];
    for (const [index, { write, repeatable }] of keyed.entries()) {
      const context = contexts[index];
      if (context === undefined) throw new TypeError('a write has no context');
      const guardianRef = await this.guardians.execute(tenant, write, context);
      const judge = (): JudgedConsent['verdict'] => {
        if (guardianRef instanceof DomainError) return guardianRef;
        if (policy === undefined) return noPolicy();
        return checkConsent(
          write.input,
          { policy, person: context, actorKind: write.actorKind, isNotice },
          at,
        );
      };
      judged.push({
        write,
        repeatable,
        subjectRef: context.subjectRef,
        guardianRef: guardianRef instanceof DomainError ? null : guardianRef,
        verdict: answered(context, repeatable) ?? judge(),
      });
    }
    return { policyVersion: policyVersion ?? 0, judged };
  }

  /** Mostly everybody saw the notice in force; only otherwise are the earlier ones looked at. */
  private async notices(
    tenant: TenantId,
    policy: AppliedPolicy | undefined,
    writes: readonly ConsentWrite[],
  ): Promise<(purpose: string, version: string) => boolean> {
    const older = writes.some(
      ({ input: { purpose, noticeVersion } }) =>
        noticeVersion !== undefined && noticeVersion !== policy?.policy.purposes[purpose]?.notice?.version,
    );
    const known = older ? await this.readPolicy.notices(tenant) : new Set<string>();
    return (purpose, version) => known.has(`${purpose} ${version}`);
  }
}

function repeatableOf({ actor, input, idempotencyKey: key }: ConsentWrite): JudgedConsent['repeatable'] {
  if (key === undefined) return null;
  return { key: idempotencyKey(actor, key), request: digestOfRequest(input) };
}

/** What a write that was sent before was answered; undefined for one that was not. */
function answered(
  { before }: WriteContext,
  repeatable: JudgedConsent['repeatable'],
): ConsentOutcome | undefined {
  if (before === null || repeatable === null) return undefined;
  return before.request.equals(repeatable.request) ? readAnswer(before.answer) : reusedKey();
}

function noPolicy(): DomainError {
  return new DomainError('conflict', 'policy.missing', 'no policy is in force yet: plan and apply one');
}

function notGuardian(): DomainError {
  return new DomainError(
    'conflict',
    'guardian.unknown',
    'nobody of that name is registered as a guardian of this person',
    { pointer: '/actor/guardian' },
  );
}
