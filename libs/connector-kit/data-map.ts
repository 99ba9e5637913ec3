import { z } from 'zod';
import { DomainError, parseYaml, type Fault, type JsonObject } from '#kernel';
import type { Dataset, Manifest } from './contract.js';
import { datasetFaults } from './domain/dataset-rules.js';
import { derivationFaults, type Derivation } from './domain/derivations.js';
import { faultsOf, pointer } from './domain/faults.js';
import {
  dataMapShape,
  datasetShape,
  documentShape,
  storeShape,
  type FieldRule,
  type ParsedDataset,
  type Path,
} from './domain/shape.js';
import { resolveSecrets, secretReference, type SecretReader } from './secrets.js';

/** A dataset with what planning needs, besides what its connector needs. */
export interface MappedDataset extends Dataset {
  /** The type of identifier of the subject that the subject key holds. */
  readonly identifier: string;
  /** What every row was collected for; empty when each row says it itself (`purposesField`). */
  readonly purposes: readonly string[];
  /** Datasets (`store/dataset`) that this one was made from. */
  readonly derivedFrom: readonly string[];
  /** Moments that a row carries besides its collection, by their names in retention rules. */
  readonly moments: Readonly<Record<string, Dataset['collectedAt']>>;
  readonly jurisdiction?: string;
  /** Category and own rule of each of `fields`. */
  readonly fieldRules: Readonly<Record<string, FieldRule>>;
}

export interface MappedStore {
  readonly name: string;
  readonly type: string;
  /** As the manifest's schema parsed them, secrets included: seal them, never log them. */
  readonly settings: JsonObject;
  readonly region: string;
  /** ISO 8601 duration after which no backup holds an erased row any more. */
  readonly backupHorizon?: string;
  readonly datasets: readonly MappedDataset[];
}

export interface DataMap {
  readonly stores: readonly MappedStore[];
}

export interface ParseOptions {
  /** Resolves references to secrets. Without it they are refused: a document from outside must not name our environment. */
  readonly readSecret?: SecretReader;
}

interface Reading {
  readonly manifests: ReadonlyMap<string, Manifest>;
  readonly readSecret: SecretReader | undefined;
  readonly faults: Fault[];
  readonly derivations: Derivation[];
}

/**
 * Reads a data map (YAML or JSON, at most 1 MiB). Throws DomainError invalid `data_map.invalid` with all its faults, each
 * with the JSON Pointer of its place; for a text that is not YAML, with the line.
 */
export function parseDataMap(
  text: string,
  manifests: ReadonlyMap<string, Manifest>,
  options: ParseOptions = {},
): DataMap {
  const parsed = parseYaml(text);
  if (!parsed.ok) throw refusal(parsed.faults);
  const reading: Reading = { manifests, readSecret: options.readSecret, faults: [], derivations: [] };
  const document = documentShape.safeParse(parsed.value);
  if (!document.success) reading.faults.push(...faultsOf(document.error, []));
  const stores = members(parsed.value, 'stores').map(([name, value]) => readStore(name, value, reading));
  reading.faults.push(...derivationFaults(reading.derivations, datasetNames(parsed.value)));
  if (reading.faults.length > 0) throw refusal(reading.faults);
  return { stores: stores.filter((store) => store !== undefined) };
}

/** The JSON Schema (draft 2020-12) of a data map, with the settings of each known connector. */
export function dataMapJsonSchema(manifests: ReadonlyMap<string, Manifest>): unknown {
  const connectors = [...manifests.values()].map(({ type, title, settings, secrets }) => ({
    type,
    title,
    secrets,
    settings: z.toJSONSchema(settings, { io: 'input' }),
  }));
  return { ...z.toJSONSchema(dataMapShape, { io: 'input' }), 'x-connectors': connectors };
}

function readStore(name: string, value: unknown, reading: Reading): MappedStore | undefined {
  const at: Path = ['stores', name];
  const shaped = storeShape.safeParse(value);
  if (!shaped.success) reading.faults.push(...faultsOf(shaped.error, at));
  const manifest = manifestOf(value, reading, at);
  const settings = manifest === undefined ? undefined : readSettings(manifest, value, reading, at);
  const datasets = members(value, 'datasets').map(([dataset, description]) =>
    readDataset({ store: name, name: dataset }, description, manifest, reading),
  );
  if (!shaped.success || settings === undefined) return undefined;
  const { type, region, backupHorizon } = shaped.data;
  return {
    name,
    type,
    settings,
    region,
    ...(backupHorizon === undefined ? {} : { backupHorizon }),
    datasets: datasets.filter((dataset) => dataset !== undefined),
  };
}

function manifestOf(value: unknown, { manifests, faults }: Reading, at: Path): Manifest | undefined {
  const type = member(value, 'type');
  if (typeof type !== 'string') return undefined;
  const manifest = manifests.get(type);
  if (manifest === undefined) {
    const message = `there is no connector of this type; known are ${[...manifests.keys()].sort().join(', ')}`;
    faults.push({ pointer: pointer([...at, 'type']), message });
  }
  return manifest;
}

function readSettings(
  manifest: Manifest,
  store: unknown,
  reading: Reading,
  at: Path,
): JsonObject | undefined {
  const given = Object.fromEntries(members(store, 'settings'));
  const place = [...at, 'settings'];
  const unresolved = manifest.secrets.filter((name) => secretReference(given[name]) !== undefined);
  const { readSecret, faults } = reading;
  if (readSecret === undefined && unresolved.length > 0) {
    faults.push(
      ...unresolved.map((name) => ({
        pointer: pointer([...place, name]),
        message: 'references to secrets are not resolved here: give the value',
      })),
    );
    return undefined;
  }
  const resolved = readSecret === undefined ? given : tryResolve(manifest, given, readSecret);
  if (resolved === undefined) {
    faults.push({ pointer: pointer(place), message: 'a secret that the settings refer to cannot be read' });
    return undefined;
  }
  const parsed = manifest.settings.safeParse(resolved);
  if (parsed.success) return parsed.data;
  faults.push(...faultsOf(parsed.error, place));
  return undefined;
}

/** What the reader threw may name a path or a variable of ours; the author of the document learns only that it failed. */
function tryResolve(manifest: Manifest, given: Readonly<Record<string, unknown>>, read: SecretReader) {
  try {
    return resolveSecrets(manifest, given, read);
  } catch {
    return undefined;
  }
}

function readDataset(
  place: { readonly store: string; readonly name: string },
  value: unknown,
  manifest: Manifest | undefined,
  { faults, derivations }: Reading,
): MappedDataset | undefined {
  const at: Path = ['stores', place.store, 'datasets', place.name];
  const shaped = datasetShape.safeParse(value);
  if (!shaped.success) {
    faults.push(...faultsOf(shaped.error, at));
    return undefined;
  }
  faults.push(...datasetFaults(shaped.data, manifest, at));
  derivations.push({ name: `${place.store}/${place.name}`, sources: shaped.data.derivedFrom, at });
  return mapped(place.name, shaped.data);
}

function mapped(name: string, parsed: ParsedDataset): MappedDataset {
  const {
    location,
    subjectKey,
    collectedAt,
    moments,
    jurisdiction,
    purposes,
    derivedFrom,
    tenantFilter,
    fields,
  } = parsed;
  return {
    name,
    location,
    subjectKey: { field: subjectKey.field, form: subjectKey.form },
    identifier: subjectKey.identifier,
    collectedAt,
    moments,
    ...(jurisdiction === undefined ? {} : { jurisdiction }),
    ...(Array.isArray(purposes) ? { purposes } : { purposes: [], purposesField: purposes.field }),
    derivedFrom,
    ...(tenantFilter === undefined ? {} : { tenantFilter }),
    fields: Object.keys(fields),
    fieldRules: fields,
  };
}

/** Names count as known even where the description is faulty, so that one mistake is reported once. */
function datasetNames(document: unknown): ReadonlySet<string> {
  return new Set(
    members(document, 'stores').flatMap(([store, value]) =>
      members(value, 'datasets').map(([dataset]) => `${store}/${dataset}`),
    ),
  );
}

function member(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? new Map(Object.entries(value)).get(name) : undefined;
}

function members(value: unknown, name: string): readonly (readonly [string, unknown])[] {
  const inner = member(value, name);
  return typeof inner === 'object' && inner !== null && !Array.isArray(inner) ? Object.entries(inner) : [];
}

function refusal(faults: readonly Fault[]): DomainError {
  const [first] = faults;
  const more = faults.length > 1 ? ` (and ${faults.length - 1} more)` : '';
  const message = `the data map is not valid: ${first?.pointer ?? ''} ${first?.message ?? ''}${more}`;
  return new DomainError('invalid', 'data_map.invalid', message, { faults });
}
