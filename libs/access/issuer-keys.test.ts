import { createServer } from 'node:http';
import { jwtVerify } from 'jose';
import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { DependencyError, systemIds } from '#kernel';
import type { Issuer } from './domain/issuer.js';
import { fetchKeys } from './fetch-keys.js';
import { IssuerKeys } from './issuer-keys.js';
import {
  configurationPath,
  makeKey,
  sendJson,
  signToken,
  startIssuer,
  type TestIssuer,
  type TestKey,
} from './testing/test-issuer.js';

let first: TestKey;
let second: TestKey;
let provider: TestIssuer;
beforeAll(async () => {
  first = await makeKey('ES256', 'first');
  second = await makeKey('ES256', 'second');
});
beforeEach(async () => {
  // Only the monotonic clock is ours: sockets and timeouts run on.
  vi.useFakeTimers({ toFake: ['performance'] });
  provider = await startIssuer(first);
});
afterEach(async () => {
  vi.useRealTimers();
  await provider.stop();
});

const issuerAt = (url: string): Issuer => ({
  id: systemIds.next(),
  kind: 'oidc',
  issuer: url,
  audience: 'lethe',
  algorithms: ['ES256'],
  jwks: null,
  roleClaim: 'groups',
  roleMap: {},
  identifierType: null,
});

describe('the keys of a provider', () => {
  let keys: IssuerKeys;
  let issuer: Issuer;
  beforeEach(() => {
    keys = new IssuerKeys();
    issuer = issuerAt(provider.url);
  });
  const verify = async (key: TestKey) =>
    jwtVerify(await signToken(key, { sub: 'ann' }), keys.of(issuer)).then(
      () => 'verified',
      (error: unknown) => (error instanceof DependencyError ? error.code : 'refused'),
    );
  const fetches = () => provider.asked.filter((path) => path === '/keys').length;

  it('are fetched once and kept for ten minutes', async () => {
    expect(await verify(first)).toBe('verified');
    vi.advanceTimersByTime(599_999);
    expect(await verify(first)).toBe('verified');
    expect(fetches()).toBe(1);
    vi.advanceTimersByTime(1);
    expect(await verify(first)).toBe('verified');
    expect(fetches()).toBe(2);
  });

  it('that were withdrawn verify nothing after ten minutes', async () => {
    expect(await verify(first)).toBe('verified');
    provider.publish(second);
    expect(await verify(first)).toBe('verified');
    vi.advanceTimersByTime(600_000);
    expect(await verify(first)).toBe('refused');
  });

  it('are fetched again for one that is not known, as after a rotation, half a minute later', async () => {
    expect(await verify(first)).toBe('verified');
    provider.publish(first, second);
    vi.advanceTimersByTime(29_999);
    expect(await verify(second)).toBe('refused');
    expect(fetches()).toBe(1);
    vi.advanceTimersByTime(1);
    expect(await verify(second)).toBe('verified');
    expect(await verify(first)).toBe('verified');
    expect(fetches()).toBe(2);
  });

  it('are not fetched more often than every half a minute, however many unknown ones are named', async () => {
    const strangers = await Promise.all(['a', 'b', 'c', 'd'].map((kid) => makeKey('ES256', kid)));
    expect(await verify(first)).toBe('verified');
    for (let round = 0; round < 3; round++) {
      vi.advanceTimersByTime(30_000);
      const outcomes = await Promise.all([...strangers, ...strangers].map(verify));
      expect(new Set(outcomes)).toEqual(new Set(['refused']));
    }
    expect(fetches()).toBe(4);
  });

  it('still verify while the provider is down, but an unknown one cannot be judged', async () => {
    expect(await verify(first)).toBe('verified');
    await provider.stop();
    vi.advanceTimersByTime(300_000);
    expect(await verify(first)).toBe('verified');
    expect(await verify(second)).toBe('unreachable');
    expect(await verify(first)).toBe('verified');
    vi.advanceTimersByTime(300_000);
    expect(await verify(first)).toBe('unreachable');
    provider = await startIssuer();
  });

  it('are not asked for again within five seconds of a failure', async () => {
    provider.answer('/keys', (_request, response) => response.writeHead(500).end());
    expect(await verify(first)).toBe('unreachable');
    provider.publish(first);
    vi.advanceTimersByTime(4_999);
    expect(await verify(first)).toBe('unreachable');
    expect(fetches()).toBe(1);
    vi.advanceTimersByTime(1);
    expect(await verify(first)).toBe('verified');
  });

  it('of one issuer are not those of another at the same place', async () => {
    expect(await verify(first)).toBe('verified');
    issuer = issuerAt(provider.url);
    expect(await verify(first)).toBe('verified');
    expect(fetches()).toBe(2);
  });

  it('refuse a token without the name of its key when several fit', async () => {
    provider.publish(first, second);
    const token = await signToken(first, {}, { kid: undefined as never });
    await expect(jwtVerify(token, keys.of(issuer))).rejects.toMatchObject({
      code: 'ERR_JWKS_MULTIPLE_MATCHING_KEYS',
    });
  });
});

describe('fetching the keys of a provider', () => {
  const configuration = (more: object) => {
    provider.answer(
      configurationPath,
      sendJson({ issuer: provider.url, jwks_uri: `${provider.url}/keys`, ...more }),
    );
  };
  const outcome = (url = provider.url) =>
    fetchKeys(url).then(
      ({ keys }) => keys.map(({ kid }) => kid),
      (error: unknown) => {
        expect(error).toBeInstanceOf(DependencyError);
        expect(error).toMatchObject({ code: 'unreachable' });
        return (error as DependencyError).message.replace(/^.*: /, '');
      },
    );

  it('follows the configuration to them', async () => {
    configuration({ jwks_uri: `${provider.url}/elsewhere` });
    provider.answer('/elsewhere', sendJson({ keys: [second.jwk], more: 1 }));
    expect(await outcome()).toEqual(['second']);
  });

  it('finds the configuration beneath a path, with or without a slash at its end', async () => {
    for (const path of ['/realms/acme', '/realms/acme/']) {
      const issuer = `${provider.url}${path}`;
      provider.answer(
        `/realms/acme${configurationPath}`,
        sendJson({ issuer, jwks_uri: `${provider.url}/keys` }),
      );
      expect(await outcome(issuer)).toEqual(['first']);
    }
  });

  it.each<[string, () => void, string]>([
    [
      'of another issuer',
      () => {
        configuration({ issuer: 'https://evil.example' });
      },
      'its configuration is that of another issuer',
    ],
    [
      'of an issuer with a slash more',
      () => {
        configuration({ issuer: `${provider.url}/` });
      },
      'its configuration is that of another issuer',
    ],
    [
      'without an issuer',
      () => {
        configuration({ issuer: undefined });
      },
      'its configuration is that of another issuer',
    ],
    [
      'without a place of keys',
      () => {
        configuration({ jwks_uri: undefined });
      },
      'its configuration is that of another issuer',
    ],
    [
      'with keys off TLS',
      () => {
        configuration({ jwks_uri: 'http://keys.example.org/' });
      },
      'its keys are not at an https URL',
    ],
    [
      'with keys in a file',
      () => {
        configuration({ jwks_uri: 'file:///etc/passwd' });
      },
      'its keys are not at an https URL',
    ],
    [
      'with keys in itself',
      () => {
        configuration({ jwks_uri: 'data:application/json,{"keys":[]}' });
      },
      'its keys are not at an https URL',
    ],
    [
      'that is missing',
      () => {
        provider.answer(configurationPath, (_, response) => response.writeHead(404).end('{}'));
      },
      'it answers 404',
    ],
    [
      'that is no JSON',
      () => {
        provider.answer(configurationPath, (_, response) => response.end('<html>secret'));
      },
      'it answers no JSON',
    ],
    [
      'that moved',
      () => {
        provider.answer(configurationPath, (_, response) =>
          response.writeHead(302, { location: '/other' }).end(),
        );
      },
      'it does not answer',
    ],
    [
      'with keys that moved',
      () => {
        provider.answer('/keys', (_, response) =>
          response.writeHead(307, { location: `${provider.url}/other` }).end(),
        );
      },
      'it does not answer',
    ],
    [
      'with keys that are none',
      () => {
        provider.answer('/keys', sendJson({ keys: 'none' }));
      },
      'its keys are no JSON Web Key Set',
    ],
    [
      'with keys in a list',
      () => {
        provider.answer('/keys', sendJson([first.jwk]));
      },
      'its keys are no JSON Web Key Set',
    ],
    [
      'with too many keys',
      () => {
        provider.answer('/keys', sendJson({ keys: Array.from({ length: 101 }, () => first.jwk) }));
      },
      'its keys are no JSON Web Key Set',
    ],
    [
      'with keys larger than 256 KiB',
      () => {
        provider.answer('/keys', sendJson({ keys: [{ ...first.jwk, x5c: ['A'.repeat(262_144)] }] }));
      },
      'it answers more than 262144 bytes',
    ],
    [
      'that ends in the middle',
      () => {
        provider.answer('/keys', (_, response) => {
          response.writeHead(200, { 'content-length': 1_000 }).write('{');
          response.destroy();
        });
      },
      'it does not answer',
    ],
  ])('fails at a configuration %s', async (_, misbehave, why) => {
    provider.answer(
      '/other',
      sendJson({ issuer: provider.url, jwks_uri: `${provider.url}/keys`, keys: [second.jwk] }),
    );
    misbehave();
    expect(await outcome()).toBe(why);
    expect(provider.asked).not.toContain('/other');
  });

  it('reads no more than it must of an answer without end', async () => {
    let sent = 0;
    provider.answer('/keys', (_request, response) => {
      const more = () => {
        sent += 65_536;
        if (!response.destroyed) response.write('x'.repeat(65_536), () => setImmediate(more));
      };
      more();
    });
    expect(await outcome()).toBe('it answers more than 262144 bytes');
    expect(sent).toBeLessThan(64 * 1_048_576);
  });

  it('gives up after five seconds', async () => {
    provider.answer('/keys', () => undefined);
    const started = process.hrtime.bigint();
    expect(await outcome()).toBe('it does not answer');
    const milliseconds = Number(process.hrtime.bigint() - started) / 1e6;
    expect(milliseconds).toBeGreaterThan(4_900);
    expect(milliseconds).toBeLessThan(15_000);
  });

  it('says nothing of what was answered', async () => {
    provider.answer('/keys', (_, response) => response.end('hunter2'));
    const error: unknown = await fetchKeys(provider.url).catch((reason: unknown) => reason);
    expect(`${String(error)} ${String((error as Error).cause)}`).not.toContain('hunter');
  });

  it('fails where nobody listens', async () => {
    const gone = createServer();
    await new Promise<void>((resolve) => gone.listen(0, '127.0.0.1', resolve));
    const { port } = gone.address() as { port: number };
    await new Promise((resolve) => gone.close(resolve));
    expect(await outcome(`http://127.0.0.1:${port}`)).toBe('it does not answer');
  });
});
