import { readdirSync, readFileSync } from 'node:fs';
import type { Packs } from './domain/compose-policy.js';

const folder = new URL('./packs/', import.meta.url);

let read: Packs | undefined;

/** The packs that come with this version, by name. Files beside them that end in `.test.yaml` are their cases. */
export function readPacks(): Packs {
  read ??= new Map(
    readdirSync(folder)
      .filter((file) => file.endsWith('.yaml') && !file.endsWith('.test.yaml'))
      .sort()
      .map((file) => [
        file.slice(0, -'.yaml'.length),
        { name: `packs/${file}`, text: readFileSync(new URL(file, folder), 'utf8') },
      ]),
  );
  return read;
}
