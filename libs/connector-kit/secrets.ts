import type { JsonObject } from '#kernel';
import type { Manifest } from './contract.js';

/** Where a secret setting is kept outside of the data map. */
export type SecretReference = { readonly env: string } | { readonly file: string };

/** Fetches a secret. Injected: who may read which variables and files is for the caller to say. Throws when it cannot. */
export type SecretReader = (reference: SecretReference) => string;

/** Settings as they may be shown: every secret that is set is replaced, nothing else is. */
export function redactSettings(manifest: Pick<Manifest, 'secrets'>, settings: JsonObject): JsonObject {
  return Object.fromEntries(
    Object.entries(settings).map(([name, value]) => [
      name,
      manifest.secrets.includes(name) ? '[secret]' : value,
    ]),
  );
}

/**
 * Replaces `{ env: NAME }` and `{ file: path }` by what the reader finds, in settings that the manifest declares secret and
 * nowhere else. Passes on what the reader throws.
 */
export function resolveSecrets(
  manifest: Pick<Manifest, 'secrets'>,
  settings: Readonly<Record<string, unknown>>,
  read: SecretReader,
): Readonly<Record<string, unknown>> {
  return Object.fromEntries(
    Object.entries(settings).map(([name, value]) => {
      const reference = manifest.secrets.includes(name) ? secretReference(value) : undefined;
      return [name, reference === undefined ? value : read(reference)];
    }),
  );
}

/** The reference that a setting is, or undefined when it is a value. */
export function secretReference(value: unknown): SecretReference | undefined {
  if (typeof value !== 'object' || value === null || Object.keys(value).length !== 1) return undefined;
  if ('env' in value && typeof value.env === 'string') return { env: value.env };
  if ('file' in value && typeof value.file === 'string') return { file: value.file };
  return undefined;
}
