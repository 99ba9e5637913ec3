import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import { DependencyError, DomainError } from '#kernel';
import type { Connection } from './connected.js';

/** An address without a slash at its end, and the key to it. */
export interface ApiAccess {
  readonly url: string;
  readonly key: string;
}

/** Throws DomainError invalid when there is no key, or no address. */
export async function openAccess({ url, keyFile, key }: Connection): Promise<ApiAccess> {
  if (!URL.canParse(url)) throw refusal('the URL of the API is not a URL: give --url or LETHE_URL');
  const found = keyFile === undefined ? key : await readKey(keyFile);
  if (found === undefined || found === '')
    throw refusal('no key: put one into LETHE_KEY, or name a file that holds it with --key-file');
  return { url: url.replace(/\/+$/, ''), key: found };
}

async function readKey(file: string): Promise<string> {
  const text = await readFile(file, 'utf8').catch(() => undefined);
  if (text === undefined) throw refusal(`the key cannot be read from ${file}`);
  return text.trim();
}

function refusal(sentence: string): DomainError {
  return new DomainError('invalid', 'api.no_connection', sentence);
}

export function unreachable({ url }: ApiAccess): DependencyError {
  return new DependencyError(
    'unreachable',
    `there is no answer from ${url}: is Lethe running there (npm start)? Another place is named with --url or LETHE_URL`,
  );
}

export function unexpected({ url }: ApiAccess, cause?: Error): DependencyError {
  const why = cause === undefined ? '' : `: ${cause.message}`;
  return new DependencyError(
    'unexpected_response',
    `${url} does not answer as this version of Lethe does${why}`,
    {
      cause,
    },
  );
}

const problemAnswer = z.object({
  code: z.string(),
  detail: z.string(),
  errors: z
    .array(
      z.object({
        pointer: z.string(),
        message: z.string(),
        file: z.string().optional(),
        line: z.number().optional(),
      }),
    )
    .default([]),
});

/** A problem document (RFC 9457) as a sentence, with every fault on a line of its own. */
export function problemOf(status: number, value: unknown): DomainError {
  const problem = problemAnswer.safeParse(value);
  if (!problem.success) return new DomainError('invalid', 'api.refused', `the API answered ${status}`);
  const { code, detail, errors } = problem.data;
  const hint = status === 401 ? ': the key is not known, or no longer valid' : '';
  const lines = errors.map(({ file, line, pointer, message }) => {
    const place = file === undefined ? '' : `${file}:${line ?? 1}  `;
    return `  ${place}${pointer}  ${message}`;
  });
  const [only] = errors;
  const shown = errors.length === 1 && only?.file === undefined ? [] : lines;
  return new DomainError('invalid', code, [`${detail}${hint} (${code})`, ...shown].join('\n'));
}
