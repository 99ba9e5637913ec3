import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import {
  exportJWK,
  generateKeyPair,
  SignJWT,
  type CryptoKey,
  type JWK,
  type JWTHeaderParameters,
  type JWTPayload,
} from 'jose';

/** A key pair of an issuer. */
export interface TestKey {
  readonly kid: string;
  readonly alg: string;
  readonly privateKey: CryptoKey;
  readonly jwk: JWK;
}

export async function makeKey(alg: string, kid: string): Promise<TestKey> {
  const { privateKey, publicKey } = await generateKeyPair(alg, { extractable: true });
  return { kid, alg, privateKey, jwk: { ...(await exportJWK(publicKey)), kid, alg } };
}

/** A compact token; the header's `alg` and `kid` are the key's unless told otherwise. */
export async function signToken(
  key: TestKey,
  claims: JWTPayload,
  header: Partial<JWTHeaderParameters> = {},
): Promise<string> {
  return new SignJWT(claims)
    .setProtectedHeader({ alg: key.alg, kid: key.kid, ...header })
    .sign(key.privateKey, { crit: { 'x-unknown': true } });
}

type Answer = (request: IncomingMessage, response: ServerResponse) => void;

/** An OpenID provider in this process, which may be made to misbehave. */
export interface TestIssuer {
  readonly url: string;
  /** The paths it was asked for, in order. */
  readonly asked: readonly string[];
  /** What it publishes from now on. */
  publish(...keys: readonly TestKey[]): void;
  /** What it answers at a path from now on, in place of what it should. */
  answer(path: string, answer: Answer): void;
  /** It answers no one any more. */
  stop(): Promise<void>;
}

export const configurationPath = '/.well-known/openid-configuration';

export async function startIssuer(...keys: readonly TestKey[]): Promise<TestIssuer> {
  const asked: string[] = [];
  const answers = new Map<string, Answer>();
  const server = createServer((request, response) => {
    const path = request.url ?? '';
    asked.push(path);
    const answer = answers.get(path);
    if (answer === undefined) response.writeHead(404).end();
    else answer(request, response);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new TypeError('it listens on no port');
  const url = `http://127.0.0.1:${address.port}`;
  const publish = (...published: readonly TestKey[]) =>
    answers.set('/keys', sendJson({ keys: published.map(({ jwk }) => jwk) }));
  answers.set(configurationPath, sendJson({ issuer: url, jwks_uri: `${url}/keys` }));
  publish(...keys);
  return {
    url,
    asked,
    publish,
    answer: (path, answer) => answers.set(path, answer),
    stop: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

export function sendJson(value: unknown): Answer {
  return (_request, response) => {
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(value));
  };
}
