import { readFile } from 'node:fs/promises';
import { text } from 'node:stream/consumers';
import { z } from 'zod';
import { DomainError } from '#kernel';
import type { Identifier } from '#subjects';

const most = 1_000;
const spelled = /^(?<type>[a-z][a-z0-9_]{0,62}):(?<value>.+)$/s;
const asJson = z.strictObject({ type: z.string(), value: z.string() });

/** People as they are named at a terminal: `type:value`, or files of them, one a line. Throws DomainError invalid. */
export async function readSubjects(named: readonly string[]): Promise<readonly Identifier[]> {
  const subjects: Identifier[] = [];
  for (const one of named) {
    const subject = one === '-' ? undefined : read(one);
    if (subject === undefined) subjects.push(...(await ofFile(one)));
    else subjects.push(subject);
  }
  if (subjects.length === 0) throw refusal('subjects.none', 'these files name nobody');
  if (subjects.length > most)
    throw refusal(
      'subjects.too_many',
      `these are ${subjects.length} people: a preview is of at most ${most}`,
    );
  return subjects;
}

async function ofFile(file: string): Promise<readonly Identifier[]> {
  const name = file === '-' ? 'standard input' : file;
  const whole = await (file === '-' ? text(process.stdin) : readFile(file, 'utf8')).catch(() => undefined);
  if (whole === undefined)
    throw refusal('file.unreadable', `${name} is no file that can be read, and no person as type:value`);
  return whole.split(/\r?\n/).flatMap((line, index) => {
    if (line.trim() === '') return [];
    const subject = read(line.trim());
    // The line is not quoted: it may name a person all the same.
    if (subject === undefined)
      throw refusal(
        'subjects.unreadable',
        `${name}:${index + 1} is neither type:value nor {"type": …, "value": …}`,
      );
    return [subject];
  });
}

function read(line: string): Identifier | undefined {
  const { type, value } = spelled.exec(line)?.groups ?? {};
  if (type !== undefined && value !== undefined) return { type, value };
  try {
    return asJson.parse(JSON.parse(line));
  } catch {
    return undefined;
  }
}

function refusal(code: string, sentence: string): DomainError {
  return new DomainError('invalid', code, sentence);
}
