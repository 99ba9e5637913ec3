import { Inject, Injectable } from '@nestjs/common';
import { DomainError, type Clock, type TenantId } from '#kernel';
import { AppendEntries } from '#ledger';
import { isUniqueViolation, Transactions } from '#platform/database';
import { reusedKey } from '#platform/idempotency';
import { CLOCK } from '#platform/runtime';
import { ResolveSubjects } from '#subjects';
import { AppendConsents } from './append-consents.js';
import type { AcceptedConsent, NewConsentEvent } from './domain/consent.js';
import type { ConsentOutcome, ConsentWrite } from './domain/recorded.js';
import { formatRevision } from './domain/revision.js';
import { JudgeConsents, type JudgedConsent } from './judge-consents.js';
import type { Repeatable } from './write-consents.repository.js';

/** Each time somebody else was first with somebody; that cannot go on for long. */
const mostAttempts = 5;

type Accepted = JudgedConsent & { readonly verdict: AcceptedConsent };

/** Says why a tenant's log takes no more. */
@Injectable()
export class ClosedLog {
  constructor(
    private readonly transactions: Transactions,
    private readonly appendEntries: AppendEntries,
  ) {}

  async execute(tenant: TenantId): Promise<Error> {
    return this.transactions.run(tenant, (tx) => this.appendEntries.refusal(tx, tenant));
  }
}

/** Writes a batch of consent inputs in one statement; a bad input is answered with its error and fails no other. */
@Injectable()
export class WriteConsentBatch {
  constructor(
    private readonly judge: JudgeConsents,
    private readonly resolve: ResolveSubjects,
    private readonly append: AppendConsents,
    private readonly closedLog: ClosedLog,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** An outcome for each, in order. */
  async execute(tenant: TenantId, writes: readonly ConsentWrite[]): Promise<readonly ConsentOutcome[]> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await this.attempt(tenant, writes);
      } catch (error) {
        // Somebody else registered one of the people meanwhile, or wrote under one of the keys: now they are found.
        if (!isUniqueViolation(error) || attempt === mostAttempts) throw error;
      }
    }
  }

  private async attempt(
    tenant: TenantId,
    writes: readonly ConsentWrite[],
  ): Promise<readonly ConsentOutcome[]> {
    const at = this.clock.now();
    const { policyVersion, judged } = await this.judge.execute(tenant, at, writes);
    const firsts = firstOfEachKey(judged);
    const accepted = judged.filter(
      (one, index): one is Accepted => firsts[index] === index && isAccepted(one),
    );
    const outcomes = new Map<JudgedConsent, ConsentOutcome>();
    if (accepted.length > 0) {
      const { events, people, keyId } = this.eventsOf(tenant, accepted);
      const repeatables = accepted.flatMap((one, index) => repeatableOf(one, index, at));
      const batch = { at, policyVersion, events, people, keyId, repeatables };
      const recorded = await this.append.alone(tenant, batch);
      if (recorded === undefined) throw await this.closedLog.execute(tenant);
      for (const [index, one] of accepted.entries()) {
        const revision = formatRevision({ epoch: recorded.epoch, number: recorded.first + index });
        outcomes.set(one, { revision, at, expiresAt: one.verdict.expiresAt });
      }
    }
    return judged.map((_, index) => outcomeOf(judged, firsts, outcomes, index));
  }

  private eventsOf(tenant: TenantId, accepted: readonly Accepted[]) {
    const strangers = accepted.filter(({ subjectRef }) => subjectRef === null);
    const { people, keyId, refs } = this.resolve.draft(
      tenant,
      strangers.map(({ write }) => write.input.subject),
    );
    const drawn = new Map(strangers.map((one, index) => [one, refs[index]]));
    const events = accepted.map((one): NewConsentEvent => {
      const { verdict, write, guardianRef } = one;
      const subjectRef = one.subjectRef ?? drawn.get(one);
      if (subjectRef === undefined) throw new TypeError('an accepted write has no subject');
      const said: AcceptedConsent = verdict;
      return { ...said, subjectRef, guardianRef, actor: write.actor };
    });
    return { events, people, keyId };
  }
}

function isAccepted({ verdict }: JudgedConsent): boolean {
  return !(verdict instanceof DomainError) && 'purpose' in verdict;
}

function repeatableOf({ repeatable, verdict }: Accepted, index: number, at: Date): readonly Repeatable[] {
  if (repeatable === null) return [];
  const answer = { at: at.toISOString(), expiresAt: verdict.expiresAt?.toISOString() ?? null };
  return [{ ...repeatable, index, answer }];
}

/** Two of one key in one batch are one write: by position, the position of the first. */
function firstOfEachKey(judged: readonly JudgedConsent[]): readonly number[] {
  const seen = new Map<string, number>();
  return judged.map(({ repeatable }, index) => {
    if (repeatable === null) return index;
    const key = repeatable.key.toString('base64');
    const first = seen.get(key) ?? index;
    seen.set(key, first);
    return first;
  });
}

function outcomeOf(
  judged: readonly JudgedConsent[],
  firsts: readonly number[],
  outcomes: ReadonlyMap<JudgedConsent, ConsentOutcome>,
  index: number,
): ConsentOutcome {
  const own = judged[index];
  const first = judged[firsts[index] ?? index];
  if (own === undefined || first === undefined) throw new TypeError('a write was not judged');
  if (own !== first && !sameRequest(own, first)) return reusedKey();
  const outcome = outcomes.get(first) ?? first.verdict;
  if (outcome instanceof DomainError || 'revision' in outcome) return outcome;
  throw new TypeError('a recorded event has no outcome');
}

function sameRequest(one: JudgedConsent, other: JudgedConsent): boolean {
  const [a, b] = [one.repeatable, other.repeatable];
  return a !== null && b !== null && a.request.equals(b.request);
}
