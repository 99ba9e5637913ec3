import { Inject, Injectable } from '@nestjs/common';
import type { Caller } from '#access';
import { decide, type Decision, type DecisionState } from '#decisions';
import { DomainError, type Clock, type TenantId } from '#kernel';
import { CLOCK } from '#platform/runtime';
import { ReadPolicy, type AppliedPolicy, type Purpose } from '#policy';
import { identifierKey, normaliseIdentifier, type Identifier } from '#subjects';
import type { PersonState } from './decisions.repository.js';
import { decisionRules } from './domain/decision-rules.js';
import { parseRevision, type Revision } from './domain/revision.js';
import { ReadStates } from './read-states.js';

/** A question as a personalisation service asks it. */
export interface QuestionInput {
  readonly subject: Identifier;
  readonly purpose: string;
  readonly jurisdiction?: string | undefined;
}

/** What goes for all questions of a call. */
export interface QuestionContext {
  readonly optOutSignal: boolean;
  /** Whether the consent strings of the request deny a purpose that has these rules for them. */
  readonly denies?: ((rules: Purpose['signals']) => boolean) | undefined;
  /** The token of a write that the answers must know of. */
  readonly revision?: string | undefined;
}

/** An answer; `epoch` goes with its revision. */
export type AnsweredDecision = Decision & { readonly epoch: number | null };

/** What a question is decided from. */
interface Basis {
  readonly state: DecisionState;
  readonly epoch: number;
  readonly signals: (purpose: string) => Purpose['signals'];
}

/** Answers decisions; writes nothing and opens no transaction. */
@Injectable()
export class AnswerQuestions {
  constructor(
    private readonly readStates: ReadStates,
    private readonly readPolicy: ReadPolicy,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /**
   * One answer for each question, in order. Never throws for want of a database: then it denies. A revision of another
   * epoch or of the future is refused with DomainError invalid `revision.unknown`.
   */
  async execute(
    caller: Caller,
    questions: readonly QuestionInput[],
    { optOutSignal, denies, revision }: QuestionContext,
  ): Promise<readonly AnsweredDecision[]> {
    requireAllowed(caller, questions);
    const { tenant } = caller;
    const wanted = revision === undefined ? undefined : parseRevision(revision);
    const people = questions.map(({ subject }) => normaliseIdentifier(subject));
    const bases = await this.bases(tenant, people, wanted);
    const now = this.clock.now();
    return questions.map(({ purpose, jurisdiction }, index) => {
      const basis = bases?.[index];
      const signalDenies = denies !== undefined && denies(basis?.signals(purpose));
      const question = { purpose, jurisdiction, optOutSignal, signalDenies, atLeast: wanted?.number };
      return { ...decide(basis?.state ?? 'unavailable', question, now), epoch: basis?.epoch ?? null };
    });
  }

  /** Undefined when the state could not be read: unknown means deny, whatever kept us from it. */
  private async bases(
    tenant: TenantId,
    people: readonly Identifier[],
    wanted: Revision | undefined,
  ): Promise<readonly (Basis | undefined)[] | undefined> {
    let states: readonly (PersonState | undefined)[];
    try {
      states = await this.states(tenant, people, wanted?.number ?? 0);
    } catch {
      return undefined;
    }
    for (const state of states) if (state !== undefined) requireAnswered(wanted, state);
    try {
      const policies = await this.policies(tenant, states);
      return states.map((state) => (state === undefined ? undefined : basisOf(state, policies)));
    } catch {
      return undefined;
    }
  }

  /** By version; mostly there is one. */
  private async policies(
    tenant: TenantId,
    states: readonly (PersonState | undefined)[],
  ): Promise<ReadonlyMap<number, AppliedPolicy>> {
    const versions = new Set(states.map((state) => state?.policyVersion));
    const policies = new Map<number, AppliedPolicy>();
    for (const version of versions)
      if (version !== undefined) policies.set(version, await this.readPolicy.version(tenant, version));
    return policies;
  }

  private async states(
    tenant: TenantId,
    people: readonly Identifier[],
    atLeast: number,
  ): Promise<readonly (PersonState | undefined)[]> {
    const states = people.map(({ type, value }) =>
      this.readStates.known(tenant, `${type}:${value}`, atLeast),
    );
    const missing = people.filter((_, index) => states[index] === undefined);
    if (missing.length === 0) return states;
    const read = (await this.readStates.read(tenant, missing)).values();
    return states.map((state) => state ?? read.next().value);
  }
}

/** Nobody who acts for themself asks about others; anybody else is held to the purposes of their key alone. */
function requireAllowed(caller: Caller, questions: readonly QuestionInput[]): void {
  if (caller.principal.person === null) {
    for (const purpose of new Set(questions.map((question) => question.purpose)))
      caller.must('read', 'Decision', { purpose });
    return;
  }
  for (const { purpose, subject } of questions)
    caller.must('read', 'Decision', { purpose, identifier: identifierKey(subject) });
}

function requireAnswered(wanted: Revision | undefined, { epoch, revision }: PersonState): void {
  if (wanted === undefined || (wanted.epoch === epoch && wanted.number <= revision)) return;
  throw new DomainError('invalid', 'revision.unknown', 'this tenant never answered that revision', {
    pointer: '/revision',
  });
}

function basisOf(state: PersonState, policies: ReadonlyMap<number, AppliedPolicy>): Basis {
  const { revision, epoch, policyVersion, subjectRef, suppressed, consents } = state;
  const policy = policyVersion === undefined ? undefined : policies.get(policyVersion);
  const purposes = policy?.policy.purposes ?? {};
  return {
    epoch,
    state: {
      revision,
      rules: policy === undefined ? undefined : decisionRules(policy),
      subjectKnown: subjectRef !== undefined,
      suppressed,
      consents,
    },
    signals: (purpose) => (Object.hasOwn(purposes, purpose) ? purposes[purpose]?.signals : undefined),
  };
}
