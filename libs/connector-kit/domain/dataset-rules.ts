import type { Fault } from '#kernel';
import type { Manifest } from '../contract.js';
import { pointer } from './faults.js';
import type { ParsedDataset, Path } from './shape.js';

/** What the shape of a dataset cannot say: names that must refer to something, and what its connector can do. */
export function datasetFaults(
  dataset: ParsedDataset,
  manifest: Pick<Manifest, 'type' | 'capabilities'> | undefined,
  at: Path,
): readonly Fault[] {
  return [
    ...unregisteredFields(dataset, at),
    ...unsupportedPurposes(dataset, manifest, at),
    ...mixedRules(dataset, at),
  ];
}

function unregisteredFields(
  { subjectKey, collectedAt, moments, purposes, fields }: ParsedDataset,
  at: Path,
): readonly Fault[] {
  const named = [
    { place: ['subjectKey'], field: subjectKey.field },
    { place: ['collectedAt'], field: collectedAt.field },
    ...Object.entries(moments).map(([name, { field }]) => ({ place: ['moments', name], field })),
    ...(Array.isArray(purposes) ? [] : [{ place: ['purposes'], field: purposes.field }]),
  ];
  return named
    .filter(({ field }) => !Object.hasOwn(fields, field))
    .map(({ place }) => ({
      pointer: pointer([...at, ...place, 'field']),
      message: 'this field is not registered among the fields of the dataset',
    }));
}

function unsupportedPurposes(
  { purposes }: ParsedDataset,
  manifest: Pick<Manifest, 'type' | 'capabilities'> | undefined,
  at: Path,
): readonly Fault[] {
  if (Array.isArray(purposes) || manifest === undefined) return [];
  if (manifest.capabilities.includes('purposes_by_column')) return [];
  const message = `a ${manifest.type} store cannot tell purposes row by row: give the dataset constant purposes`;
  return [{ pointer: pointer([...at, 'purposes', 'field']), message }];
}

function mixedRules({ fields }: ParsedDataset, at: Path): readonly Fault[] {
  const rules = Object.values(fields).flatMap(({ rule }) => rule ?? []);
  const kept = rules.filter((rule) => rule !== 'purge').length;
  if (kept === 0 || kept === rules.length) return [];
  const message =
    'some fields are kept and some purged: redaction is not supported yet, and rows are removed whole, so all fields of a dataset must have the same kind of rule';
  return [{ pointer: pointer([...at, 'fields']), message }];
}
