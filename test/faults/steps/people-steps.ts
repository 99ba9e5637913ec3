import { randomUUID } from 'node:crypto';
import fc from 'fast-check';
import { accepted, people, purposes, subjectOf, Violations, type World } from '../world.js';
import { defineStep } from './step.js';

const person = fc.constantFrom(...people);
const purpose = fc.constantFrom(...purposes);

/** What people ask of Lethe, and what it must answer from then on (P1). */
export const peopleSteps = [
  defineStep('grant', 3, { person, purpose }, async (world, args) => {
    await say(world, { ...args, action: 'grant' });
  }),
  defineStep('withdraw', 3, { person, purpose }, async (world, args) => {
    const revision = await say(world, { ...args, action: 'withdraw' });
    if (revision !== undefined) await mustDeny(world, args.person, args.purpose, revision);
  }),
  defineStep(
    'erase',
    5,
    { people: fc.uniqueArray(person, { minLength: 1, maxLength: 3 }) },
    async (world, { people: named }) => {
      const subjects = named.map(subjectOf);
      const answer = await (named.length === 1
        ? world.api.post('/v1/requests', { kind: 'deletion', subject: subjects[0] })
        : world.api.post('/v1/requests/batch', { kind: 'deletion', subjects }));
      const body = accepted(answer, 202) as { id: string; requests?: { id: string }[] };
      const ids = (body.requests ?? [body]).map(({ id }) => id);
      const requests = new Map(named.map((one, index) => [one, ids[index]!]));
      world.model.file({ requests, from: answer.from, to: answer.to });
      await mustRefuse(world, named);
    },
  ),
  /** Refused while their erasure is under way. */
  defineStep('register', 2, { person }, async (world, args) => {
    const answer = await world.api.post('/v1/subjects', { subject: subjectOf(args.person) });
    if (answer.status === 409) return;
    const { subjectRef: ref } = accepted(answer, 201) as { subjectRef: string };
    world.model.register({ person: args.person, ref, from: answer.from, to: answer.to });
  }),
];

/** Answers the revision; undefined when it was refused. */
async function say(
  world: World,
  saying: { readonly person: string; readonly purpose: string; readonly action: 'grant' | 'withdraw' },
): Promise<string | undefined> {
  const { person: named, ...rest } = saying;
  const answer = await world.api.post(
    '/v1/consents',
    { subject: subjectOf(named), ...rest },
    { 'idempotency-key': randomUUID() },
  );
  // Of those who were erased nothing is recorded until they have registered anew.
  const suppressed = world.model.isSuppressed(named);
  const { revision = '' } = accepted(answer, suppressed ? 409 : 201) as { revision?: string };
  if (suppressed) return undefined;
  const number = Number(revision.split('.')[1]);
  world.model.sayings.push({ ...saying, number, from: answer.from, to: answer.to });
  return revision;
}

async function mustDeny(world: World, named: string, asked: string, revision: string): Promise<void> {
  const question = { subject: subjectOf(named), purpose: asked, revision };
  const { effect, reason } = accepted(await world.api.post('/v1/decisions', question), 200) as {
    effect: string;
    reason: string;
  };
  if (effect !== 'deny')
    throw new Violations([
      `P1: ${asked} of ${named} is ${effect} (${reason}) after its withdrawal ${revision}`,
    ]);
}

/** From the answer on, the guard lets nothing of them through. */
async function mustRefuse(world: World, named: readonly string[]): Promise<void> {
  const { allowed } = accepted(
    await world.api.post('/v1/signals/guard', { subjects: named.map(subjectOf) }),
    200,
  ) as { allowed: boolean[] };
  const let_ = named.filter((_, index) => allowed[index] !== false);
  if (let_.length > 0) throw new Violations([`P3: the guard lets signals of ${let_.join(', ')} through`]);
}
