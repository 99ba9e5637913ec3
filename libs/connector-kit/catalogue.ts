import { readdir } from 'node:fs/promises';
import { extname } from 'node:path';
import { DependencyError } from '#kernel';
import type { Connect, Manifest } from './contract.js';

/** Connectors are the folders beside this library: a new store type is a new folder, and no edit elsewhere. */
const home = new URL('../connectors/', import.meta.url);
/** Our own extension: `.ts` from source, `.js` in a build. */
const extension = extname(new URL(import.meta.url).pathname);

/**
 * The manifest of every connector, by type. Loads no driver. Throws a TypeError when a folder and its manifest disagree,
 * so that a faulty build does not start.
 */
export async function loadManifests(): Promise<ReadonlyMap<string, Manifest>> {
  const manifests = await Promise.all(
    (await connectorFolders()).map(async (type) => {
      const loaded: unknown = await import(moduleOf(type, 'manifest'));
      const manifest = exported(loaded, 'manifest');
      if (!isManifest(manifest)) throw new TypeError(`connector ${type} exports no manifest`);
      if (manifest.type !== type) throw new TypeError(`the manifest in folder ${type} names another type`);
      return [type, manifest] as const;
    }),
  );
  return new Map(manifests);
}

/** Loads a connector with its driver. Throws DependencyError not_supported for a type that no folder is named after. */
export async function loadConnector(type: string): Promise<Connect> {
  if (!(await connectorFolders()).includes(type)) {
    throw new DependencyError('not_supported', 'there is no connector for this type of store');
  }
  const loaded: unknown = await import(moduleOf(type, 'connector'));
  const connect = exported(loaded, 'connect');
  if (!isConnect(connect)) throw new TypeError(`connector ${type} exports no connect function`);
  return connect;
}

async function connectorFolders(): Promise<readonly string[]> {
  const entries = await readdir(home, { withFileTypes: true });
  return entries
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => name)
    .sort();
}

function moduleOf(type: string, part: 'manifest' | 'connector'): string {
  return new URL(`${type}/${part}${extension}`, home).href;
}

function exported(loaded: unknown, name: string): unknown {
  return new Map(Object.entries(loaded ?? {})).get(name);
}

function isManifest(value: unknown): value is Manifest {
  return (
    typeof value === 'object' &&
    value !== null &&
    'type' in value &&
    'settings' in value &&
    'endpoint' in value
  );
}

function isConnect(value: unknown): value is Connect {
  return typeof value === 'function';
}
