import type { JSONWebKeySet } from 'jose';
import { z } from 'zod';
import { DependencyError } from '#kernel';
import { isFetchable } from './domain/issuer.js';

/** For discovery and keys together, in milliseconds. */
const patience = 5_000;
const longestBody = 262_144;
const mostKeys = 100;

const discovery = z.object({ issuer: z.string(), jwks_uri: z.string() });
const keySet = z.object({ keys: z.array(z.looseObject({ kty: z.string() })).max(mostKeys) });

/**
 * Asks an OpenID provider for its keys (OpenID Connect Discovery 1.0, sections 4.1 to 4.3). Whatever is not exactly as it
 * must be, a redirect included, is DependencyError `unreachable`, which repeats nothing of the answer.
 */
export async function fetchKeys(issuer: string): Promise<JSONWebKeySet> {
  const signal = AbortSignal.timeout(patience);
  const base = issuer.endsWith('/') ? issuer.slice(0, -1) : issuer;
  const found = discovery.safeParse(await fetchJson(`${base}/.well-known/openid-configuration`, signal)).data;
  if (found?.issuer !== issuer) throw unreachable(issuer, 'its configuration is that of another issuer');
  // The provider may send us to another host, but not off TLS, and not to this machine unless it is there itself.
  if (!isFetchable(found.jwks_uri) || (issuer.startsWith('https:') && !found.jwks_uri.startsWith('https:')))
    throw unreachable(issuer, 'its keys are not at an https URL');
  const keys = keySet.safeParse(await fetchJson(found.jwks_uri, signal)).data;
  if (keys === undefined) throw unreachable(found.jwks_uri, 'its keys are no JSON Web Key Set');
  return keys;
}

async function fetchJson(url: string, signal: AbortSignal): Promise<unknown> {
  const body = await fetchBody(url, signal);
  try {
    return JSON.parse(body.toString('utf8'));
  } catch {
    // The parser's words quote the answer.
    throw unreachable(url, 'it answers no JSON');
  }
}

async function fetchBody(url: string, signal: AbortSignal): Promise<Buffer> {
  try {
    const response = await fetch(url, { signal, redirect: 'error', headers: { accept: 'application/json' } });
    const body: AsyncIterable<Uint8Array> | null = response.body;
    const chunks: Uint8Array[] = [];
    let size = 0;
    for await (const chunk of body ?? []) {
      size += chunk.length;
      if (size > longestBody) throw unreachable(url, `it answers more than ${longestBody} bytes`);
      chunks.push(chunk);
    }
    if (response.status !== 200) throw unreachable(url, `it answers ${response.status}`);
    return Buffer.concat(chunks);
  } catch (error) {
    if (error instanceof DependencyError) throw error;
    throw unreachable(url, 'it does not answer', error);
  }
}

function unreachable(url: string, why: string, cause?: unknown): DependencyError {
  const { origin } = new URL(url);
  return new DependencyError(
    'unreachable',
    `the keys of an issuer cannot be fetched from ${origin}: ${why}`,
    {
      cause,
    },
  );
}
