import type { Fault } from '#kernel';
import { pointer } from './faults.js';
import type { Path } from './shape.js';

/** A dataset, by its name across stores (`store/dataset`), with what it was made from and its place in the document. */
export interface Derivation {
  readonly name: string;
  readonly sources: readonly string[];
  readonly at: Path;
}

/** Sources must exist, and nothing may be made from itself in the end: else there is no order to erase in. */
export function derivationFaults(
  derivations: readonly Derivation[],
  names: ReadonlySet<string>,
): readonly Fault[] {
  const sources = new Map(derivations.map((one) => [one.name, one.sources]));
  return derivations.flatMap((derivation) =>
    derivation.sources.flatMap((source, index) => {
      const place = pointer([...derivation.at, 'derivedFrom', index]);
      if (!names.has(source)) return [{ pointer: place, message: 'this dataset is not in the data map' }];
      if (!reaches(source, derivation.name, sources)) return [];
      return [{ pointer: place, message: 'this derivation leads back to the dataset itself' }];
    }),
  );
}

function reaches(from: string, to: string, sources: ReadonlyMap<string, readonly string[]>): boolean {
  const seen = new Set<string>();
  const open = [from];
  for (let name = open.pop(); name !== undefined; name = open.pop()) {
    if (name === to) return true;
    if (seen.has(name)) continue;
    seen.add(name);
    open.push(...(sources.get(name) ?? []));
  }
  return false;
}
