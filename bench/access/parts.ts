import { createHash } from 'node:crypto';
import { Authenticate, Caller, KnownKeys } from '#access';
import { PreparedStatements } from '#platform/database';
import {
  alone,
  alternate,
  compare,
  Series,
  timeAnswers,
  timeCalls,
  type AreaOptions,
  type Row,
} from '../harness.js';
import type { World } from './world.js';

const micros = (nanoseconds: number) => nanoseconds / 1e3;
const nanos = (nanoseconds: number) => nanoseconds;

/** What the API does to find out who holds a key, and nothing of what makes that trustworthy. */
const bareLookUp = {
  name: 'bench.find_api_key',
  text: `select k.id, k.tenant_id, t.state, k.secret_hash, k.role, k.scope, k.expires_at, k.revoked_at
           from api_keys k left join tenants t on t.id = k.tenant_id where k.prefix = $1`,
};

/** Each part of what keeps others out, alone and in this process, one call after the other. */
export async function benchParts(world: World, options: AreaOptions): Promise<readonly Row[]> {
  options.say('The parts, alone…');
  return [...(await benchAuthentication(world, options)), ...(await benchCaller(world, options))];
}

async function benchAuthentication(
  { api, database, tenant: { key } }: World,
  { pace }: AreaOptions,
): Promise<readonly Row[]> {
  const authenticate = authenticator(api, key);
  const knownKeys = api.get(KnownKeys, { strict: false });
  const owner = new PreparedStatements(database.ownerUrl);
  const prefix = key.split('_')[1];
  const digest = () => createHash('sha256').update(key, 'utf8').digest('base64');
  const notKnown = () => {
    knownKeys.forget();
    return authenticate();
  };
  const timed = (call: () => Promise<unknown>) => new Series(() => timeAnswers(call, pace.callMilliseconds));
  const series = {
    digest: new Series(() => Promise.resolve(timeCalls(digest, pace.callMilliseconds))),
    known: timed(authenticate),
    notKnown: timed(notKnown),
    lookUp: timed(() => owner.rows(bareLookUp, [prefix])),
  };
  try {
    await alternate(Object.values(series), pace);
  } finally {
    await owner.onModuleDestroy();
  }
  const unit = 'µs';
  const oftenNeeded = 'once a second for each key in use; floor: its look-up by the owner';
  return [
    alone({ name: 'SHA-256 of a key', unit }, series.digest.of(micros)),
    compare(
      { name: 'authenticate, key known', unit, note: 'floor: SHA-256 of the key' },
      series.known.of(micros),
      series.digest.of(micros),
    ),
    compare(
      { name: 'authenticate, key not known', unit, note: oftenNeeded },
      series.notKnown.of(micros),
      series.lookUp.of(micros),
    ),
  ];
}

async function benchCaller(
  { api, tenant: { administrator, key } }: World,
  { pace }: AreaOptions,
): Promise<readonly Row[]> {
  const { caller } = await authenticator(api, key)();
  const having = { purpose: 'ranking', identifier: 'account_id:person-1' };
  const columns = { tenant: 'r.tenantId', subjectRef: 'r.subjectRef' };
  const timed = (call: () => unknown) =>
    new Series(() => Promise.resolve(timeCalls(call, pace.callMilliseconds)));
  const series = {
    mustEver: timed(() => {
      caller.mustEver('read', 'Decision');
    }),
    must: timed(() => {
      caller.must('read', 'Decision', having);
    }),
    personalisation: timed(() => new Caller(caller.principal)),
    administrator: timed(() => new Caller(administrator.principal)),
    filter: timed(() => administrator.filter('read', 'Request').named(columns)),
  };
  await alternate(Object.values(series), pace);
  const asNeeded = 'once per look-up of a key';
  return [
    alone({ name: 'Caller.mustEver', unit: 'ns' }, series.mustEver.of(nanos)),
    alone({ name: 'Caller.must', unit: 'ns' }, series.must.of(nanos)),
    alone(
      { name: 'new Caller, personalisation', unit: 'µs', note: asNeeded },
      series.personalisation.of(micros),
    ),
    alone({ name: 'new Caller, administrator', unit: 'µs', note: asNeeded }, series.administrator.of(micros)),
    alone({ name: 'filter, made and rendered', unit: 'µs' }, series.filter.of(micros)),
  ];
}

function authenticator(api: World['api'], key: string): () => ReturnType<Authenticate['execute']> {
  const authenticate = api.get(Authenticate, { strict: false });
  const credentials = {
    authorization: `Bearer ${key}`,
    tenant: undefined,
    breakGlass: undefined,
    operation: 'POST /v1/decisions',
  };
  return () => authenticate.execute(credentials);
}
