import type { z } from 'zod';
import type { Fault } from '#kernel';
import type { Path } from './shape.js';

/** A place as JSON Pointer (RFC 6901). */
export function pointer(path: readonly PropertyKey[]): string {
  return path.map((part) => `/${String(part).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');
}

/** What a schema found, as faults below `at`. The messages name keys and expectations, never a value. */
export function faultsOf(error: z.ZodError, at: Path): readonly Fault[] {
  return error.issues.flatMap((issue) => {
    const path = [...at, ...issue.path];
    if (issue.code === 'unrecognized_keys') {
      return issue.keys.map((key) => ({
        pointer: pointer([...path, key]),
        message: 'this key is not known here',
      }));
    }
    const message =
      issue.code === 'invalid_key' ? (issue.issues[0]?.message ?? issue.message) : issue.message;
    return [{ pointer: pointer(path), message }];
  });
}
