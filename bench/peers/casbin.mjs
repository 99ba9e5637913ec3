// casbin, asked in process: may subject S be used for purpose P?
//
//   node casbin.mjs --subjects 10000 --rounds 7 --milliseconds 1000 --loading 20
//
// Prints one line of JSON. Casbin runs through its policy lines until one allows, so how the consents are written down
// decides everything. Measured are both ways: as its documentation shows (one line for each consent), and the kindest
// that its model language offers (each purpose a role, each consent a membership, found through a map).
import {
  checkAnswers,
  consented,
  load,
  makeConsents,
  measureQuestions,
  megabytes,
  purposeCount,
  purposeName,
  purposeNames,
  questionFigures,
  readSettings,
  report,
  subjectName,
} from './common.mjs';

const settings = readSettings({
  subjects: 10_000,
  rounds: 7,
  milliseconds: 1_000,
  /** For how long the consents may load, in seconds; then there are no figures. */
  loading: 20,
  /** Above so many subjects the way with one line for each consent is left out: one question takes seconds. */
  lines: 10_000,
});

const asLines = `
[request_definition]
r = sub, purpose
[policy_definition]
p = sub, purpose
[policy_effect]
e = some(where (p.eft == allow))
[matchers]
m = r.sub == p.sub && r.purpose == p.purpose
`;

const asRoles = `
[request_definition]
r = sub, purpose
[policy_definition]
p = purpose
[role_definition]
g = _, _
[policy_effect]
e = some(where (p.eft == allow))
[matchers]
m = r.purpose == p.purpose && g(r.sub, p.purpose)
`;

const { newEnforcer, newModelFromString, PolicyOp } = await load('casbin');

const consents = makeConsents(settings.subjects);
const figures = [];
const remarks = [];
const ways = { lines: enforceLines, roles: enforceRoles };
for (const [way, prepare] of Object.entries(ways)) {
  if (way === 'lines' && settings.subjects > settings.lines) continue;
  const name = `${way}, ${settings.subjects} subjects`;
  const { enforcer, loaded } = await prepare();
  const state = `${loaded.lines} consents loaded in ${loaded.seconds.toFixed(1)} s`;
  if (loaded.subjects < settings.subjects) {
    const memory = megabytes(process.memoryUsage().rss);
    remarks.push(
      `${name}: no figure, given up at ${loaded.subjects} subjects (${state}, process at ${memory} MB)`,
    );
    continue;
  }
  const ask = (subject, purpose) => enforcer.enforceSync(subjectName(subject), purposeName(purpose));
  checkAnswers(ask, consents, way === 'lines' ? 10 : 1_000);
  figures.push(...questionFigures(name, measureQuestions(ask, settings.subjects, settings), state));
}
report(figures, remarks);

/** One policy line for each consent. */
async function enforceLines() {
  const enforcer = await newEnforcer(newModelFromString(asLines));
  const { policy } = enforcer.getModel().model.get('p').get('p');
  const loaded = await fill((lines) => {
    policy.push(...lines);
  });
  return { enforcer, loaded };
}

/** One policy line for each purpose, and one membership for each consent. */
async function enforceRoles() {
  const enforcer = await newEnforcer(newModelFromString(asRoles));
  await enforcer.addPolicies(Array.from({ length: purposeCount }, (_, purpose) => [purposeName(purpose)]));
  const { policy } = enforcer.getModel().model.get('g').get('g');
  const loaded = await fill(async (lines) => {
    policy.push(...lines);
    await enforcer.buildIncrementalRoleLinks(PolicyOp.PolicyAdd, 'g', lines);
  });
  return { enforcer, loaded };
}

/**
 * Hands the consents over in batches, until all are there or the time is up. Straight into the model, as an adapter
 * does: addPolicies compares each new line with all that are there.
 */
async function fill(add) {
  const began = performance.now();
  const perBatch = 1_000;
  let lines = 0;
  let subjects = 0;
  while (subjects < settings.subjects && performance.now() - began < settings.loading * 1e3) {
    const batch = [];
    const end = Math.min(settings.subjects, subjects + perBatch);
    for (; subjects < end; subjects += 1) {
      const name = subjectName(subjects);
      for (let purpose = 0; purpose < purposeCount; purpose += 1) {
        if (consented(consents, subjects, purpose)) batch.push([name, purposeNames[purpose]]);
      }
    }
    await add(batch);
    lines += batch.length;
  }
  return { subjects, lines, seconds: (performance.now() - began) / 1e3 };
}
