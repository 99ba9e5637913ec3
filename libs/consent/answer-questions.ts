import { Inject, Injectable } from '@nestjs/common';
import type { Caller } from '#access';
import { decide, type Decision, type PastState } from '#decisions';
import { DomainError, type Clock, type TenantId } from '#kernel';
import { CLOCK } from '#platform/runtime';
import { ReadPolicy, type AppliedPolicy, type Purpose } from '#policy';
import { identifierKey, normaliseIdentifier, type Identifier } from '#subjects';
import type { PersonState } from './decisions.repository.js';
import { decisionRules } from './domain/decision-rules.js';
import { parseRevision, type Revision } from './domain/revision.js';
import { ReadPastStates } from './read-past-states.js';
import { ReadStates } from './read-states.js';

/** A question as a personalisation service asks it. */
export interface QuestionInput {
  readonly subject: Identifier;
  readonly purpose: string;
  readonly jurisdiction?: string | undefined;
  /** When the signal was collected that the question is about. */
  readonly collectedAt?: Date | undefined;
}

/** What goes for all questions of a call. */
export interface QuestionContext {
  readonly optOutSignal: boolean;
  /** Whether the consent strings of the request deny a purpose that has these rules for them. */
  readonly denies?: ((rules: Purpose['signals']) => boolean) | undefined;
  /** Only whether and why. */
  readonly brief?: boolean;
  /** The token of a write that the answers must know of. */
  readonly revision?: string | undefined;
}

/** An answer; `epoch` goes with its revision. */
export interface AnsweredDecision {
  readonly decision: Decision;
  readonly epoch: number | null;
}

/** What goes for all questions of a call, made ready. */
interface Ready extends QuestionContext {
  readonly atLeast: number | undefined;
  readonly now: Date;
}

/** The reason of an answer for which the past has to be read. */
const needsPast = 'collection.unknown';

/** Answers decisions; writes nothing and opens no transaction. */
@Injectable()
export class AnswerQuestions {
  constructor(
    private readonly readStates: ReadStates,
    private readonly readPolicy: ReadPolicy,
    private readonly readPast: ReadPastStates,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /**
   * One answer for each question, in order. Never throws for want of a database: then it denies. A revision of another
   * epoch or of the future is refused with DomainError invalid `revision.unknown`.
   */
  async execute(
    caller: Caller,
    questions: readonly QuestionInput[],
    context: QuestionContext,
  ): Promise<readonly AnsweredDecision[]> {
    const remembered = this.remembered(caller, questions, context);
    if (remembered !== undefined) return remembered;
    const wanted = revisionOf(context);
    const people = questions.map(({ subject }) => normaliseIdentifier(subject));
    const read = await this.read(caller.tenant, people, wanted);
    const ready = { ...context, atLeast: wanted?.number, now: this.clock.now() };
    const one = (question: QuestionInput, index: number, past?: PastState) => {
      const state = read?.states[index];
      const policy = state === undefined ? undefined : read?.policies.get(state.policyVersion);
      return answer(state, policy, question, ready, past);
    };
    const answers = questions.map((question, index) => one(question, index));
    const pasts = await this.pasts(caller.tenant, questions, answers, read?.states ?? []);
    return answers.map((answered, index) => {
      const [question, past] = [questions[index], pasts.get(index)];
      return question === undefined || past === undefined ? answered : one(question, index, past);
    });
  }

  /** The same at once, from memory alone; undefined when that does not have everything: then `execute`. */
  remembered(
    caller: Caller,
    questions: readonly QuestionInput[],
    context: QuestionContext,
  ): readonly AnsweredDecision[] | undefined {
    requireAllowed(caller, questions);
    const { tenant } = caller;
    const wanted = revisionOf(context);
    const known = this.readStates.known(tenant, wanted?.number ?? 0);
    if (known === undefined) return undefined;
    const policy = this.knownPolicy(tenant, known.policyVersion);
    if (policy?.version !== known.policyVersion) return undefined;
    const ready = { ...context, atLeast: wanted?.number, now: this.clock.now() };
    const answers: AnsweredDecision[] = [];
    for (const question of questions) {
      const { type, value } = normaliseIdentifier(question.subject);
      const state = known.find(`${type}:${value}`);
      if (state === undefined) return undefined;
      requireAnswered(wanted, state);
      const answered = answer(state, policy, question, ready);
      if (answered.decision.reason === needsPast) return undefined;
      answers.push(answered);
    }
    return answers;
  }

  private knownPolicy(tenant: TenantId, version: number | undefined): AppliedPolicy | undefined {
    return version === undefined ? undefined : this.readPolicy.known(tenant, version);
  }

  /** Undefined when the state could not be read: unknown means deny, whatever kept us from it. */
  private async read(
    tenant: TenantId,
    people: readonly Identifier[],
    wanted: Revision | undefined,
  ): Promise<
    | {
        readonly states: readonly (PersonState | undefined)[];
        readonly policies: ReadonlyMap<number | undefined, AppliedPolicy>;
      }
    | undefined
  > {
    let states: readonly (PersonState | undefined)[];
    try {
      states = await this.states(tenant, people, wanted?.number ?? 0);
    } catch {
      return undefined;
    }
    for (const state of states) if (state !== undefined) requireAnswered(wanted, state);
    try {
      return { states, policies: await this.policies(tenant, states) };
    } catch {
      return undefined;
    }
  }

  /** What held when the signals of some questions were collected, by the place of the question; none when it could not be read. */
  private async pasts(
    tenant: TenantId,
    questions: readonly QuestionInput[],
    answers: readonly AnsweredDecision[],
    states: readonly (PersonState | undefined)[],
  ): Promise<ReadonlyMap<number, PastState | undefined>> {
    const asked = questions.flatMap(({ collectedAt }, place) => {
      const ref = states[place]?.subjectRef;
      const needed = answers[place]?.decision.reason === needsPast;
      return needed && collectedAt !== undefined && ref !== undefined
        ? [{ place, ref, moment: collectedAt }]
        : [];
    });
    if (asked.length === 0) return new Map();
    try {
      const pasts = await this.readPast.execute(tenant, asked);
      return new Map(asked.map(({ place }, index) => [place, pasts[index]]));
    } catch {
      return new Map();
    }
  }

  /** By version; mostly there is one. */
  private async policies(
    tenant: TenantId,
    states: readonly (PersonState | undefined)[],
  ): Promise<ReadonlyMap<number | undefined, AppliedPolicy>> {
    const policies = new Map<number | undefined, AppliedPolicy>();
    for (const version of new Set(states.map((state) => state?.policyVersion)))
      if (version !== undefined) policies.set(version, await this.readPolicy.version(tenant, version));
    return policies;
  }

  private async states(
    tenant: TenantId,
    people: readonly Identifier[],
    atLeast: number,
  ): Promise<readonly (PersonState | undefined)[]> {
    const known = this.readStates.known(tenant, atLeast);
    const states = people.map(({ type, value }) => known?.find(`${type}:${value}`));
    const missing = people.filter((_, index) => states[index] === undefined);
    const read = (await this.readStates.read(tenant, missing)).values();
    return states.map((state) => state ?? read.next().value);
  }
}

function revisionOf({ revision }: QuestionContext): Revision | undefined {
  return revision === undefined ? undefined : parseRevision(revision);
}

/** Nobody who acts for themself asks about others; anybody else is held to the purposes of their key alone. */
function requireAllowed(caller: Caller, questions: readonly QuestionInput[]): void {
  if (caller.principal.person === null) {
    const asked = new Set<string>();
    for (const { purpose } of questions) asked.add(purpose);
    for (const purpose of asked) caller.must('read', 'Decision', { purpose });
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

function answer(
  person: PersonState | undefined,
  policy: AppliedPolicy | undefined,
  { purpose, jurisdiction, collectedAt }: QuestionInput,
  { optOutSignal, denies, brief = false, atLeast, now }: Ready,
  atCollection?: PastState,
): AnsweredDecision {
  const signalDenies = denies !== undefined && denies(signalRules(policy, purpose));
  const question = { purpose, jurisdiction, collectedAt, optOutSignal, signalDenies, atLeast, brief };
  if (person === undefined) return { decision: decide('unavailable', question, now), epoch: null };
  const { revision, epoch, subjectRef, suppressed, consents } = person;
  const rules = policy === undefined ? undefined : decisionRules(policy);
  const state = {
    revision,
    rules,
    subjectKnown: subjectRef !== undefined,
    suppressed,
    consents,
    atCollection,
  };
  return { decision: decide(state, question, now), epoch };
}

function signalRules(policy: AppliedPolicy | undefined, purpose: string): Purpose['signals'] {
  const purposes = policy?.policy.purposes;
  return purposes !== undefined && Object.hasOwn(purposes, purpose) ? purposes[purpose]?.signals : undefined;
}
