// What the peers' scripts share. Plain JavaScript without types: none of these packages is a dependency of the project.
import { parseArgs } from 'node:util';

/**
 * A package that is installed here on demand. The name is data on purpose: the checks of the repository, which run
 * without the peers, must not look for it.
 */
export const load = (name) => import(name);

/** The benchmark that started this has gone: nobody reads the figures. */
process.once('disconnect', () => process.exit(1));
process.channel?.unref();

/** The whole numbers of the command line, each with its default. */
export function readSettings(defaults) {
  const names = Object.keys(defaults);
  const { values } = parseArgs({
    options: Object.fromEntries(names.map((name) => [name, { type: 'string' }])),
  });
  const settings = { ...defaults };
  for (const name of names) {
    if (values[name] === undefined) continue;
    const value = Number(values[name]);
    if (!Number.isFinite(value) || value < 0) throw new RangeError(`--${name} ${values[name]} is no number`);
    settings[name] = value;
  }
  return settings;
}

/**
 * The one line that a script prints: figures { question, name, unit, rounds, note }, where the question says which
 * figure of ours it stands beside, and remarks about what has no figure.
 */
export function report(figures, remarks = []) {
  process.stdout.write(`${JSON.stringify({ figures, remarks })}\n`);
}

/** Numbers from 0 up to 1 that are the same for the same seed: mulberry32, as in bench/random.ts. */
export function randomFrom(seed) {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

export const purposeCount = 32;
export const subjectName = (index) => `subject-${index}`;
export const purposeNames = Array.from({ length: purposeCount }, (_, index) => `purpose-${index}`);
export const purposeName = (index) => purposeNames[index];

/** Who consented to what: each pair with one half, one bit for each purpose. */
export function makeConsents(subjects) {
  const random = randomFrom(7);
  return Uint32Array.from({ length: subjects }, () => random() * 2 ** 32);
}

export const consented = (consents, subject, purpose) => ((consents[subject] >>> purpose) & 1) === 1;

/** Throws unless the peer answers a sample of questions as the data has it: a wrong answer's speed is worth nothing. */
export function checkAnswers(ask, consents, questions) {
  const random = randomFrom(11);
  for (let question = 0; question < questions; question += 1) {
    const subject = Math.floor(random() * consents.length);
    const purpose = Math.floor(random() * purposeCount);
    const expected = consented(consents, subject, purpose);
    if (ask(subject, purpose) !== expected) {
      throw new Error(`wrong answer for ${subjectName(subject)} and ${purposeName(purpose)}`);
    }
  }
}

/**
 * Asks about uniformly chosen pairs, one question after the other: per round the questions per second and the
 * percentiles in nanoseconds. The clock is read once per question (about 50 ns), so that no answer goes untimed.
 */
export function measureQuestions(ask, subjects, { rounds, milliseconds }) {
  const random = randomFrom(13);
  const perSecond = [];
  const p50 = [];
  const p99 = [];
  for (let round = -1; round < rounds; round += 1) {
    const times = [];
    const began = performance.now();
    let before = began;
    do {
      const subject = Math.floor(random() * subjects);
      const purpose = Math.floor(random() * purposeCount);
      ask(subject, purpose);
      const now = performance.now();
      times.push((now - before) * 1e6);
      before = now;
    } while (before < began + milliseconds);
    // The first one only warms up.
    if (round < 0) continue;
    perSecond.push((times.length * 1e3) / (before - began));
    times.sort((a, b) => a - b);
    p50.push(percentile(times, 0.5));
    if (times.length >= 100) p99.push(percentile(times, 0.99));
  }
  return { perSecond, p50, p99: p99.length === rounds ? p99 : [] };
}

/** Of a sorted list, by nearest rank. */
function percentile(sorted, share) {
  return sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)];
}

/** The figures of one way to ask. A round with less than a hundred questions has no 99th percentile. */
export function questionFigures(name, { perSecond, p50, p99 }, note) {
  const figures = [
    { question: 'may', name: `${name}: questions`, unit: '/s', rounds: perSecond, note },
    { question: 'may p50', name: `${name}: p50`, unit: 'ns', rounds: p50, note: '' },
  ];
  if (p99.length > 0)
    figures.push({ question: 'may p99', name: `${name}: p99`, unit: 'ns', rounds: p99, note: '' });
  return figures;
}

export const megabytes = (bytes) => Math.round(bytes / 2 ** 20);
