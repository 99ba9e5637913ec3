// Runs one of our built programs under the orders of a folder. Plain JavaScript, because it is started hundreds of times.
import { subscribe } from 'node:diagnostics_channel';
import { appendFileSync, readFileSync, renameSync } from 'node:fs';
import { flushCompileCache } from 'node:module';
import { join } from 'node:path';
import { faultPoints } from '#platform/faults';

/**
 * All of it happens between two instructions of the process: it dies or stalls exactly at the point, before it does
 * anything more. Orders come through files, because a process that stalls reads no message.
 */
export async function obeyThen(run) {
  const folder = process.env.FAULTS_CONTROL;
  if (folder === undefined) throw new Error('FAULTS_CONTROL is not set: this is for test/faults only');
  shiftClock(Number(readOr(join(folder, 'clock'), '0')));
  for (const point of faultPoints) subscribe(`lethe.${point}`, () => pass(folder, point));
  await run();
  // So that the next of its kind, after a kill, compiles nothing.
  flushCompileCache();
  appendFileSync(join(folder, 'journal'), `ready - ${process.pid}\n`);
}

function pass(folder, point) {
  const signal = takeOrder(join(folder, `at-${point}`));
  appendFileSync(join(folder, 'journal'), `${point} ${signal ?? '-'} ${process.pid}\n`);
  if (signal !== undefined) process.kill(process.pid, signal);
}

/** An order is for one time: whoever takes it has it. */
function takeOrder(file) {
  try {
    renameSync(file, `${file}.taken`);
    return readFileSync(`${file}.taken`, 'utf8');
  } catch {
    return undefined;
  }
}

function readOr(file, otherwise) {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return otherwise;
  }
}

/** The whole process lives some milliseconds ahead or behind, with everything in it that asks for the time. */
function shiftClock(by) {
  if (by === 0) return;
  const real = Date;
  const now = () => real.now() + by;
  globalThis.Date = new Proxy(real, {
    construct: (target, args, newTarget) =>
      Reflect.construct(target, args.length === 0 ? [now()] : args, newTarget),
    get: (target, name, receiver) => (name === 'now' ? now : Reflect.get(target, name, receiver)),
  });
}
