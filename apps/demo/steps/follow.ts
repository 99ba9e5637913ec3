import { LetheClient, type FollowedReplica } from '#client';
import { object } from '../api.js';
import type { Checks } from '../report.js';
import { view } from '../view.js';
import { account, type World } from '../world.js';

/** Of whom no store knows anything. */
const newcomer = 999_999_998;
const purposes = ['recommendations', 'analytics', 'training', 'service'] as const;

/** The same decisions in this very process, from a replica that follows, beside the API's answer to all of them at once. */
export async function follow(world: World, checks: Checks): Promise<void> {
  const { key } = object(await world.api.post('/v1/keys', { role: 'service', name: 'ranker', scope: {} }));
  const lethe = new LetheClient({ url: world.api.url, key: String(key) });
  const replica = await lethe.replica();
  try {
    const { stayer, withdrawer, leaver } = world.cast;
    const questions = [stayer, withdrawer, leaver].flatMap((person) =>
      purposes.map((purpose) => ({ subject: account(person), purpose })),
    );
    const remote = await lethe.decideMany(questions);
    const local = questions.map(({ subject, purpose }) => replica.may(subject, purpose));
    const short = ({ effect, reason }: { readonly effect: string; readonly reason: string }) =>
      `${effect} ${reason}`;
    checks.equal(
      'the replica answers what the API answers',
      remote.map(short).join(', '),
      local.map(short).join(', '),
    );
    view.say(
      `  ${replica.size.identifiers} people in ${Math.ceil(replica.size.bytes / 1_024)} KiB of memory, ${rate(replica, stayer)} answers/s in this process`,
    );
    const somebody = account(newcomer);
    await lethe.recordConsent({ subject: somebody, purpose: 'analytics', action: 'grant' });
    const { revision } = await lethe.recordConsent({
      subject: somebody,
      purpose: 'analytics',
      action: 'withdraw',
    });
    const told = replica.may(somebody, 'analytics', { revision });
    checks.equal('with the token of a withdrawal it never allows', 'deny', told.effect);
  } finally {
    replica.close();
  }
  checks.equal(
    'closed, it denies',
    'replica.stale',
    replica.may(account(world.cast.stayer), 'service').reason,
  );
  await explain(world, checks);
}

/** Answers in the second of two tenths of a second, times ten: the first makes the code warm. */
function rate(replica: FollowedReplica, person: number, warm = false): string {
  if (!warm) rate(replica, person, true);
  const subject = account(person);
  const end = performance.now() + 100;
  let answers = 0;
  while (performance.now() < end)
    for (let round = 0; round < 100; round += 1, answers += 1) replica.may(subject, 'recommendations');
  return (answers * 10).toLocaleString('en');
}

/** What the person is told, in words. */
async function explain({ api, cast }: World, checks: Checks): Promise<void> {
  const { subjectRef } = object(await api.post('/v1/subjects', { subject: account(cast.stayer) }));
  const answer = object(await api.get(`/v1/subjects/${String(subjectRef)}/explain`));
  const told = Array.isArray(answer['purposes']) ? answer['purposes'].map(object) : [];
  view.table(
    ['purpose', 'in words for the person'],
    told.map((one) => [String(one['title']), String(one['sentence'])]),
  );
  checks.equal('every purpose is explained', purposes.length, told.length);
}
