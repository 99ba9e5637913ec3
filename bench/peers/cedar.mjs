// @cedar-policy/cedar-wasm, asked in process: may subject S be used for purpose P?
//
//   node cedar.mjs --subjects 10000 --rounds 7 --milliseconds 1000 --loading 20
//
// Prints one line of JSON. Cedar keeps parsed policies between questions, but no entities: the caller keeps those, and
// hands over with each question the ones it concerns. So the subjects are held here as the objects that Cedar takes,
// and what is measured is one call with the subject's own. Measured are both ways to write the consents down: as an
// attribute of the subject's entity, and, kinder to its speed, in the context of the question.
import {
  checkAnswers,
  consented,
  load,
  makeConsents,
  measureQuestions,
  megabytes,
  purposeCount,
  purposeName,
  questionFigures,
  readSettings,
  report,
  subjectName,
} from './common.mjs';

const settings = readSettings({
  subjects: 10_000,
  rounds: 7,
  milliseconds: 1_000,
  /** For how long the subjects may load, in seconds; then there are no figures. */
  loading: 20,
});

const action = { type: 'Action', id: 'use' };
const resource = { type: 'Data', id: 'all' };
const nothing = [];

/** Of the ways tried these two were the fastest; purposes as entities, as parents or in a set, took longer. */
const ways = {
  entities: {
    policy:
      'permit(principal, action == Action::"use", resource) when { principal.consents.contains(context.purpose) };',
    keep: (uid, consents) => ({ uid, attrs: { consents }, parents: nothing }),
    ask: (kept, purpose) => ({ principal: kept.uid, context: { purpose }, entities: [kept] }),
  },
  context: {
    policy:
      'permit(principal, action == Action::"use", resource) when { context.consents.contains(context.purpose) };',
    keep: (uid, consents) => ({ uid, consents }),
    ask: (kept, purpose) => ({
      principal: kept.uid,
      context: { purpose, consents: kept.consents },
      entities: nothing,
    }),
  },
};

const { preparsePolicySet, statefulIsAuthorized } = await load('@cedar-policy/cedar-wasm/nodejs');

const consents = makeConsents(settings.subjects);
const figures = [];
const remarks = [];
for (const [way, { policy, keep, ask }] of Object.entries(ways)) {
  const name = `${way}, ${settings.subjects} subjects`;
  const parsed = preparsePolicySet(way, { staticPolicies: policy });
  if (parsed.type !== 'success') throw new Error(JSON.stringify(parsed.errors));
  const { subjects, seconds } = fill(keep);
  if (subjects.length < settings.subjects) {
    const memory = megabytes(process.memoryUsage().rss);
    remarks.push(
      `${name}: no figure, given up at ${subjects.length} subjects after ${seconds.toFixed(1)} s (process at ${memory} MB)`,
    );
    continue;
  }
  const decide = (subject, purpose) => {
    const answer = statefulIsAuthorized({
      action,
      resource,
      preparsedPolicySetId: way,
      ...ask(subjects[subject], purposeName(purpose)),
    });
    if (answer.type !== 'success') throw new Error(JSON.stringify(answer.errors));
    return answer.response.decision === 'allow';
  };
  checkAnswers(decide, consents, 1_000);
  const measured = measureQuestions(decide, settings.subjects, settings);
  figures.push(
    ...questionFigures(name, measured, `policies parsed before; subjects loaded in ${seconds.toFixed(1)} s`),
  );
}
report(figures, remarks);

/** All subjects as the objects that Cedar takes; fewer when the time is up before. */
function fill(keep) {
  const began = performance.now();
  const subjects = [];
  while (subjects.length < settings.subjects) {
    const subject = subjects.length;
    if (subject % 1_000 === 0 && performance.now() - began > settings.loading * 1e3) break;
    const purposes = [];
    for (let purpose = 0; purpose < purposeCount; purpose += 1) {
      if (consented(consents, subject, purpose)) purposes.push(purposeName(purpose));
    }
    subjects.push(keep({ type: 'Subject', id: subjectName(subject) }, purposes));
  }
  return { subjects, seconds: (performance.now() - began) / 1e3 };
}
