// @c15t/backend on the PostgreSQL of the run: consents recorded, and consents looked up, per second. It is called
// through its own fetch-style handler, in this process: no socket, no HTTP parser, nothing but its own work.
//
//   DATABASE_URL=postgres://… node c15t.mjs --subjects 10000 --rounds 7 --milliseconds 1000 --callers 64 --pool 20
//
// The database must be empty. Prints one line of JSON.
import { load, purposeCount, purposeName, randomFrom, readSettings, report } from './common.mjs';

const settings = readSettings({ subjects: 10_000, rounds: 7, milliseconds: 1_000, callers: 64, pool: 20 });
const origin = 'http://localhost';
const domain = 'bench.example';
const type = 'marketing_communications';

/**
 * What c15t looks for in its tables beside their keys. Its migrations make no index but the primary keys and one
 * unique key (2.2.1); foreign keys get none in PostgreSQL by themselves.
 */
const indexes = [
  // GET /consents/check and GET /subjects start from the external id.
  'create index on subject ("externalId")',
  // Every read takes all consents of a subject; every write looks for one of the same domain, policy and time.
  'create index on consent ("subjectId", "domainId", "policyId", "givenAt")',
  // Every write looks up its domain and its purposes by name.
  'create index on domain (name)',
  'create index on "consentPurpose" (code)',
  // Every write and every read looks for the newest active policy of the type.
  'create index on "consentPolicy" (type, "effectiveDate" desc) where "isActive"',
];
const indexed =
  'indexes added: subject (externalId), consent (subjectId, domainId, policyId, givenAt), domain (name), ' +
  'consentPurpose (code), consentPolicy (type, effectiveDate) of active ones';

const { Pool } = (await load('pg')).default;
const pool = new Pool({ connectionString: process.env.DATABASE_URL, max: settings.pool });
try {
  const handler = await prepare();
  await fill(handler);
  await pool.query('vacuum analyze');
  await checkAnswers(handler);
  report([
    await measure({
      question: 'decision',
      name: 'look-ups by policy type',
      call: (random) => check(handler, random),
      note: `GET /consents/check, which knows policy types, no purposes, and answers yes for a refusal; ${indexed}`,
    }),
    await measure({
      question: 'decision',
      name: 'look-ups by subject',
      call: (random) => read(handler, random),
      note: "GET /subjects/:id, which names the purposes of each of the subject's consents; the same indexes",
    }),
    await measure({
      question: 'record',
      name: 'consents recorded',
      call: (random) => record(handler, random),
      note: `POST /subjects, each for a new subject and one of ${purposeCount} purposes: two rows, no audit row; the same indexes`,
    }),
  ]);
} finally {
  await pool.end();
}

/** Makes its schema as its own migrator does, and the indexes; answers its request handler. */
async function prepare() {
  const [{ Kysely, PostgresDialect }, { kyselyAdapter }, { DB }, { migrator }, { c15tInstance }] =
    await Promise.all([
      load('kysely'),
      load('@c15t/backend/db/adapters/kysely'),
      load('@c15t/backend/db/schema'),
      load('@c15t/backend/db/migrator'),
      load('@c15t/backend'),
    ]);
  const db = new Kysely({ dialect: new PostgresDialect({ pool }) });
  const adapter = kyselyAdapter({ db, provider: 'postgresql' });
  const migration = await migrator({ db: DB.client(adapter), schema: 'latest' });
  await migration.execute();
  for (const statement of indexes) await pool.query(statement);
  const instance = c15tInstance({
    adapter,
    trustedOrigins: [domain],
    logger: { level: 'error' },
    openapi: { enabled: false },
  });
  return instance.handler;
}

/**
 * Records one consent for each subject. The purposes come first and one by one: when two callers are the first to
 * name a purpose, c15t makes it twice.
 */
async function fill(handler) {
  for (let purpose = 0; purpose < purposeCount; purpose += 1) {
    await post(handler, { subject: `sub_purpose${letters(purpose)}`, purpose });
  }
  let next = 0;
  await Promise.all(
    Array.from({ length: settings.callers }, async () => {
      while (next < settings.subjects) {
        const index = next;
        next += 1;
        await post(handler, {
          subject: filled(index),
          externalId: external(index),
          purpose: index % purposeCount,
        });
      }
    }),
  );
}

/** Throws unless it finds the filled subjects' consents, with their purposes, and nobody else's. */
async function checkAnswers(handler) {
  const known = await get(handler, checkUrl(external(0)));
  const unknown = await get(handler, checkUrl('nobody'));
  const subject = await get(handler, `/subjects/${filled(1)}`);
  const right =
    known.results?.[type]?.hasConsent === true &&
    unknown.results?.[type]?.hasConsent === false &&
    subject.consents?.[0]?.preferences?.[purposeName(1)] === true;
  if (!right) throw new Error(`wrong answers: ${JSON.stringify({ known, unknown, subject })}`);
}

/** So many callers at once, each of whom asks again when its answer has come; answers per second, round by round. */
async function measure({ question, name, call, note }) {
  const random = randomFrom(17);
  const rounds = [];
  for (let round = -1; round < settings.rounds; round += 1) {
    let answers = 0;
    const began = performance.now();
    const until = began + settings.milliseconds;
    await Promise.all(
      Array.from({ length: settings.callers }, async () => {
        while (performance.now() < until) {
          await call(random);
          answers += 1;
        }
      }),
    );
    // The first one only warms up.
    if (round >= 0) rounds.push((answers * 1e3) / (performance.now() - began));
  }
  const circumstances = `${settings.callers} callers in process, ${settings.pool} connections, ${settings.subjects} subjects`;
  return { question, name, unit: '/s', rounds, note: `${note}; ${circumstances}` };
}

async function check(handler, random) {
  await get(handler, checkUrl(external(Math.floor(random() * settings.subjects))));
}

async function read(handler, random) {
  await get(handler, `/subjects/${filled(Math.floor(random() * settings.subjects))}`);
}

async function record(handler, random) {
  await post(handler, {
    subject: `sub_new${letters(Math.floor(random() * 2 ** 32))}${letters(Math.floor(random() * 2 ** 32))}`,
    purpose: Math.floor(random() * purposeCount),
  });
}

async function get(handler, path) {
  return answerOf(await handler(new Request(`${origin}${path}`)));
}

async function post(handler, { subject, externalId, purpose }) {
  const body = {
    type,
    subjectId: subject,
    externalSubjectId: externalId,
    domain,
    preferences: { [purposeName(purpose)]: true },
    givenAt: Date.now(),
  };
  const answer = await handler(
    new Request(`${origin}/subjects`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    }),
  );
  return answerOf(answer);
}

async function answerOf(response) {
  const text = await response.text();
  if (response.status !== 200) throw new Error(`c15t answered ${response.status}: ${text.slice(0, 300)}`);
  return JSON.parse(text);
}

function checkUrl(externalId) {
  return `/consents/check?externalId=${externalId}&type=${type}`;
}

function external(index) {
  return `user-${index}`;
}

function filled(index) {
  return `sub_known${letters(index)}`;
}

/** A number in letters, since c15t takes no 0, O, I or l in the id of a subject. */
function letters(number) {
  return Array.from(number.toString(), (digit) => 'abcdefghij'.charAt(Number(digit))).join('');
}
