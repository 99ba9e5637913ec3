import { mkdirSync, openSync, renameSync, statSync } from 'node:fs';
import { dirname } from 'node:path';

/** A log past this size (bytes) is set aside at the next start; one predecessor is kept. */
const setAsideAt = 5_000_000;

/** Opens a log for appending, as a file descriptor that a child can inherit. Readable by its owner only. */
export function openLogFile(path: string): number {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  const size = statSync(path, { throwIfNoEntry: false })?.size ?? 0;
  if (size > setAsideAt) renameSync(path, `${path}.1`);
  return openSync(path, 'a', 0o600);
}
