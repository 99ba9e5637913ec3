import { openNote, type Verifier } from './note.js';

/** The state of a log at one size (C2SP tlog-checkpoint). */
export interface Checkpoint {
  readonly origin: string;
  readonly size: bigint;
  readonly root: Buffer;
}

/** The body that is signed: origin, size and root, a line each. */
export function formatCheckpoint({ origin, size, root }: Checkpoint): string {
  return `${origin}\n${size}\n${root.toString('base64')}\n`;
}

/** Reads a body; undefined when it is not one. Extension lines are allowed and kept out. */
export function parseCheckpoint(text: string): Checkpoint | undefined {
  const [origin, size, root] = text.split('\n');
  if (origin === undefined || origin === '' || size === undefined || root === undefined) return undefined;
  if (!/^(0|[1-9][0-9]{0,18})$/.test(size)) return undefined;
  const bytes = Buffer.from(root, 'base64');
  if (bytes.length !== 32 || bytes.toString('base64') !== root) return undefined;
  return { origin, size: BigInt(size), root: bytes };
}

/** A checkpoint that the log's own key signed; undefined otherwise. */
export function openCheckpoint(note: string, verifier: Verifier): Checkpoint | undefined {
  const text = openNote(note, [verifier]);
  const checkpoint = text === undefined ? undefined : parseCheckpoint(text);
  return checkpoint?.origin === verifier.name ? checkpoint : undefined;
}
