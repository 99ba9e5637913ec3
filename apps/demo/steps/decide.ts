import { object, type Api } from '../api.js';
import type { Checks } from '../report.js';
import { view } from '../view.js';
import { account, type World } from '../world.js';

/** A question and the answer that must come, or something a person says in between. */
type Line =
  | { readonly person: number; readonly says: string; readonly of: string }
  | {
      readonly ask: string;
      readonly person: number;
      readonly about: string;
      readonly gpc?: boolean;
      /** Send the token of the last thing said. */
      readonly token?: boolean;
      readonly answer: string;
    };

const stranger = 999_999_999;

/** Step 2: people consent and withdraw; each decision carries its effect, reason and evidence. */
export async function decide(world: World, checks: Checks): Promise<void> {
  const rows: string[][] = [];
  let token = '';
  for (const line of script(world)) {
    if ('says' in line) token = await consent(world.api, line);
    else rows.push(await ask(world.api, line, token, checks));
  }
  view.table(['question', 'effect', 'reason', 'evidence'], rows);
}

function script({ cast: { stayer: person, withdrawer, leaver } }: World): readonly Line[] {
  const grants = [withdrawer, leaver].flatMap((other) =>
    ['recommendations', 'training'].map((of) => ({ person: other, says: 'grant', of })),
  );
  const about = 'recommendations';
  return [
    { ask: 'before anyone consented', person, about, answer: 'deny subject.unknown' },
    ...grants,
    { person, says: 'grant', of: 'analytics' },
    { person, says: 'grant', of: about },
    { ask: 'after the grant, with its token', person, about, token: true, answer: 'allow consent.given' },
    { ask: 'a purpose nobody was asked about', person, about: 'training', answer: 'deny consent.missing' },
    { ask: 'a purpose that rests on the contract', person, about: 'service', answer: 'allow basis.declared' },
    { ask: 'analytics, as granted', person, about: 'analytics', answer: 'allow consent.given' },
    {
      ask: 'analytics under Global Privacy Control',
      person,
      about: 'analytics',
      gpc: true,
      answer: 'deny signal.opt_out',
    },
    { person, says: 'withdraw', of: about },
    {
      ask: 'after the withdrawal, with its token',
      person,
      about,
      token: true,
      answer: 'deny consent.withdrawn',
    },
    { person, says: 'grant', of: about },
    { ask: 'granted again, with its token', person, about, token: true, answer: 'allow consent.given' },
    { ask: 'an unknown person', person: stranger, about, answer: 'deny subject.unknown' },
    { ask: 'an unknown purpose', person, about: 'resale', answer: 'deny purpose.unknown' },
  ];
}

async function consent(api: Api, line: Extract<Line, { says: string }>): Promise<string> {
  const body = { subject: account(line.person), purpose: line.of, action: line.says, channel: 'demo' };
  return String((await api.post('/v1/consents', body))['revision']);
}

async function ask(
  api: Api,
  line: Extract<Line, { ask: string }>,
  token: string,
  checks: Checks,
): Promise<string[]> {
  const body = {
    subject: account(line.person),
    purpose: line.about,
    ...(line.token === true ? { revision: token } : {}),
  };
  const answer = await api.post('/v1/decisions', body, line.gpc === true ? { 'sec-gpc': '1' } : {});
  const effect = String(answer['effect']);
  const reason = String(answer['reason']);
  checks.equal(line.ask, line.answer, `${effect} ${reason}`);
  const basis = answer['basisRecord'] === null ? {} : object(answer['basisRecord']);
  const event =
    typeof basis['event'] === 'number'
      ? `, event ${basis['event']}, notice ${String(basis['noticeVersion'])}`
      : '';
  return [
    line.ask,
    effect,
    reason,
    `policy ${String(answer['policyVersion'])}, revision ${String(answer['revision'])}${event}`,
  ];
}
