import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

/** Files by path, each with its text. */
export type Files = Readonly<Record<string, string>>;

/** A folder of one's own with these files in it; gone when disposed of. */
export function temporaryTree(files: Files): { readonly folder: string } & Disposable {
  const folder = mkdtempSync(join(tmpdir(), 'lethe-rules-'));
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  }
  return {
    folder,
    [Symbol.dispose]: () => {
      rmSync(folder, { recursive: true });
    },
  };
}
