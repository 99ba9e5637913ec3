import { Inject, Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import type { Caller } from '#access';
import { DomainError, type Clock, type SubjectRef, type TenantId } from '#kernel';
import { AppendEntries } from '#ledger';
import { Batcher } from '#platform/batching';
import { isDataError, Transactions } from '#platform/database';
import { Outbox } from '#platform/outbox';
import { CLOCK } from '#platform/runtime';
import { addDuration, ReadPolicy, type AppliedPolicy, type Purpose } from '#policy';
import { identifierKey, ResolveSubjects, SuppressSubjects, type Identifier } from '#subjects';
import { ConsentRepository, type ConsentEvent } from './consent.repository.js';
import type { ConsentAction } from './domain/decide.js';
import { formatRevision } from './domain/revision.js';
import { planWithdrawalsJob } from './jobs.js';

/** What a person says about a purpose. */
export interface ConsentInput {
  readonly subject: Identifier;
  readonly purpose: string;
  readonly action: ConsentAction;
  /** The notice the person saw; by default the one in force. */
  readonly noticeVersion?: string;
  /** How it reached us: `ui`, `api`, `paper`, ... */
  readonly channel: string;
}

export interface RecordedConsent {
  /** Hold on to this: a decision asked with it knows of this event. */
  readonly revision: string;
  readonly at: Date;
  readonly expiresAt: Date | null;
}

type Outcome = RecordedConsent | DomainError;
type Checked = Omit<ConsentEvent, 'number'>;

/** Idle tenants' batchers are dropped beyond this many. */
const mostBatchers = 1_000;

/** Who each input is about, and whether the rules let it be recorded. */
@Injectable()
export class SubjectsOfConsent {
  constructor(
    private readonly resolve: ResolveSubjects,
    private readonly suppress: SuppressSubjects,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  async check(
    tx: EntityManager,
    tenant: TenantId,
    policy: AppliedPolicy,
    inputs: readonly ConsentInput[],
  ): Promise<readonly (Checked | DomainError)[]> {
    const suppressed = await this.suppress.among(
      tx,
      tenant,
      inputs.map(({ subject }) => subject),
    );
    const verdicts = inputs.map((input, index) => refusal(policy, input, suppressed.has(index)));
    const accepted = inputs.filter((_, index) => verdicts[index] === undefined);
    const refs = await this.resolve.execute(
      tx,
      tenant,
      accepted.map(({ subject }) => subject),
    );
    const at = this.clock.now();
    let next = 0;
    return inputs.map((input, index) => verdicts[index] ?? checkedEvent(policy, input, refs[next++], at));
  }
}

/** One batch of consent inputs in the caller's transaction; a bad input is answered with its error and fails no other. */
@Injectable()
export class WriteConsentBatch {
  constructor(
    private readonly repository: ConsentRepository,
    private readonly subjects: SubjectsOfConsent,
    private readonly readPolicy: ReadPolicy,
    private readonly appendEntries: AppendEntries,
    private readonly outbox: Outbox,
  ) {}

  async execute(
    tx: EntityManager,
    tenant: TenantId,
    inputs: readonly ConsentInput[],
  ): Promise<readonly Outcome[]> {
    const policy = await this.readPolicy.current(tx, tenant);
    const checked = await this.subjects.check(tx, tenant, policy, inputs);
    const good = checked.flatMap((item) => (item instanceof DomainError ? [] : [item]));
    const recorded = await this.write(tx, tenant, good);
    let next = 0;
    return checked
      .map((item) => (item instanceof DomainError ? item : (recorded[next++] ?? item)))
      .map(expectOutcome);
  }

  private async write(
    tx: EntityManager,
    tenant: TenantId,
    events: readonly Checked[],
  ): Promise<readonly RecordedConsent[]> {
    if (events.length === 0) return [];
    if (events.some(({ action }) => action === 'withdraw' || action === 'object')) {
      await this.outbox.add(tx, [planWithdrawalsJob.bell({ tenantId: tenant })]);
    }
    const appended = await this.appendEntries.execute(
      tx,
      tenant,
      events.map((event) => ({
        kind: 'consent.recorded' as const,
        subjectRef: event.subjectRef,
        data: {
          purpose: event.purpose,
          action: event.action,
          channel: event.channel,
          noticeVersion: event.noticeVersion,
          expiresAt: event.expiresAt?.toISOString() ?? null,
        },
      })),
    );
    const numbered = events.map((event, index) => ({ ...event, number: appended.first + index }));
    await this.repository.record(tx, tenant, numbered);
    return numbered.map(({ number, at, expiresAt }) => ({
      revision: formatRevision({ epoch: appended.epoch, number }),
      at,
      expiresAt,
    }));
  }
}

/** Records consent events: event, state, ledger entry and outbox in one transaction that many callers share. */
@Injectable()
export class RecordConsent {
  private readonly batchers = new Map<TenantId, Batcher<ConsentInput, Outcome>>();

  constructor(
    private readonly transactions: Transactions,
    private readonly writeBatch: WriteConsentBatch,
  ) {}

  /** Resolves once durable. Throws DomainError for an unknown purpose, notice or an erased person. */
  async execute(caller: Caller, input: ConsentInput): Promise<RecordedConsent> {
    const { purpose, subject } = input;
    caller.must('create', 'Consent', { purpose, identifier: identifierKey(subject) });
    const outcome = await this.batcher(caller.tenant).submit(input);
    if (outcome instanceof DomainError) throw outcome;
    return outcome;
  }

  private batcher(tenant: TenantId): Batcher<ConsentInput, Outcome> {
    const known = this.batchers.get(tenant);
    if (known !== undefined) return known;
    const flush = (inputs: readonly ConsentInput[]) =>
      this.transactions.run(tenant, (tx) => this.writeBatch.execute(tx, tenant, inputs));
    const batcher = new Batcher<ConsentInput, Outcome>(flush, isDataError);
    const [oldest] = this.batchers.keys();
    if (this.batchers.size >= mostBatchers && oldest !== undefined) this.batchers.delete(oldest);
    this.batchers.set(tenant, batcher);
    return batcher;
  }
}

function refusal(policy: AppliedPolicy, input: ConsentInput, suppressed: boolean): DomainError | undefined {
  const purpose = purposeOf(policy, input.purpose);
  if (purpose === undefined) {
    return new DomainError('invalid', 'purpose.unknown', `the policy has no purpose ${input.purpose}`, {
      pointer: '/purpose',
    });
  }
  if (purpose.legalBasis !== 'consent' && input.action === 'grant') {
    return new DomainError(
      'invalid',
      'consent.not_needed',
      `${input.purpose} rests on ${purpose.legalBasis}, not on consent`,
      {
        pointer: '/purpose',
      },
    );
  }
  if (input.noticeVersion !== undefined && input.noticeVersion !== purpose.notice?.version) {
    return new DomainError(
      'invalid',
      'notice.unknown',
      `${input.purpose} has no notice ${input.noticeVersion}`,
      {
        pointer: '/noticeVersion',
      },
    );
  }
  if (suppressed) {
    return new DomainError(
      'conflict',
      'subject.suppressed',
      'this person was erased and must register anew before consenting',
    );
  }
  return undefined;
}

function checkedEvent(
  policy: AppliedPolicy,
  input: ConsentInput,
  ref: SubjectRef | undefined,
  at: Date,
): Checked {
  if (ref === undefined) throw new TypeError('an accepted input has no subject');
  const purpose = purposeOf(policy, input.purpose);
  const validity = input.action === 'grant' ? purpose?.validity : undefined;
  return {
    subjectRef: ref,
    purpose: input.purpose,
    action: input.action,
    at,
    expiresAt: validity === undefined ? null : addDuration(at, validity),
    noticeVersion: input.noticeVersion ?? purpose?.notice?.version ?? null,
    channel: input.channel,
  };
}

function purposeOf(policy: AppliedPolicy, name: string): Purpose | undefined {
  const { purposes } = policy.policy;
  return Object.hasOwn(purposes, name) ? purposes[name] : undefined;
}

function expectOutcome(item: Outcome | Checked): Outcome {
  if (item instanceof DomainError || 'revision' in item) return item;
  throw new TypeError('a recorded event has no outcome');
}
