import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { pathToFileURL } from 'node:url';
import { OpenFeature, ProviderEvents, ProviderStatus, type EvaluationDetails } from '@openfeature/server-sdk';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { LetheClient, type FollowOptions } from '#client';
import { LetheProvider } from '#openfeature';
import { createTenant, startTestSystem, type Client, type TestSystem } from './system.js';
import { openWay, type Way } from './way.js';

const root = join(import.meta.dirname, '..', '..');
const loader = pathToFileURL(join(root, 'libs', 'testing', 'load-typescript.mjs')).href;
const policy = `
jurisdictions:
  eu: { title: European Union }
  us: { title: United States }
purposes:
  personalisation: { title: Ranking, legalBasis: consent, conditions: { leaveOut: [user.health_and_medical], maximumAge: P90D } }
  ads: { title: Ads, legalBasis: consent, honoursOptOutSignal: true, bases: { us: legitimate_interest } }
  service: { title: Service, legalBasis: contract }
erasure: { everything: { then: purge } }
retention: { everything: { keep: indefinitely, reason: A test. } }
`;

describe('the OpenFeature provider on a running system', () => {
  let system: TestSystem;
  let admin: Client;
  let url: string;
  let key: string;
  let way: Way;

  beforeAll(async () => {
    system = await startTestSystem();
    await system.api.listen(0, '127.0.0.1');
    url = await system.api.getUrl();
    way = await openWay(url);
    admin = await createTenant(system, 'flags');
    await admin.applyPolicy(policy);
    key = String(
      (await admin.post('/v1/keys', { role: 'personalisation', name: 'flags' }).expect(201)).body.key,
    );
    await say('42', 'personalisation', 'grant');
    await say('42', 'ads', 'grant');
    await say('43', 'personalisation', 'refuse');
  });
  afterAll(async () => {
    await OpenFeature.close();
    way.close();
    await system.stop();
  });

  const say = async (value: string, purpose: string, action: string) => {
    const sent = { subject: { type: 'account_id', value }, purpose, action };
    return String((await admin.post('/v1/consents', sent).expect(201)).body.revision);
  };
  const flagsOf = async (domain: string, replica?: FollowOptions, through = url) => {
    const client = new LetheClient({ url: through, key });
    const options = { identifierType: 'account_id', timeoutMs: 20_000, errorAfterMs: 300 };
    const provider = new LetheProvider(client, replica === undefined ? options : { ...options, replica });
    await OpenFeature.setProviderAndWait(domain, provider);
    return OpenFeature.getClient(domain);
  };

  /** Which of two sees a change first is not said. */
  const timeless = ({
    flagMetadata: { revision: _, ...metadata },
    ...others
  }: EvaluationDetails<boolean>) => ({
    ...others,
    metadata,
  });

  it('answers alike in process and over HTTP, for every question', async () => {
    const near = await flagsOf('near', { boundMs: 20_000 });
    const far = await flagsOf('far');
    for (const targetingKey of ['42', '43', 'nobody', ''])
      for (const purpose of ['personalisation', 'ads', 'service', 'resale'])
        for (const jurisdiction of [undefined, 'eu', 'us', 'mars'])
          for (const globalPrivacyControl of [undefined, true]) {
            const context = {
              targetingKey,
              ...(jurisdiction === undefined ? {} : { jurisdiction }),
              ...(globalPrivacyControl === undefined ? {} : { globalPrivacyControl }),
            };
            const answer = await near.getBooleanDetails(purpose, false, context);
            const other = await far.getBooleanDetails(purpose, false, context);
            expect(timeless(answer)).toEqual(timeless(other));
            expect(await near.getBooleanValue(purpose, true, context)).toBe(answer.value);
            expect(await far.getBooleanValue(purpose, true, context)).toBe(answer.value);
          }
    expect(await near.getBooleanDetails('personalisation', false, { targetingKey: '42' })).toMatchObject({
      value: true,
      flagMetadata: {
        leaveOut: 'user.health_and_medical',
        maximumAge: 'P90D',
        reasonCode: 'consent.given',
        policyVersion: 1,
      },
    });
  });

  it('never allows after a withdrawal for who holds its token', async () => {
    const near = await flagsOf('token', { boundMs: 20_000, everyMs: 500 });
    const far = await flagsOf('far token');
    const revision = await say('44', 'ads', 'grant');
    for (const flags of [near, far]) {
      const ask = () => flags.getBooleanValue('ads', false, { targetingKey: '44', revision });
      await expect.poll(ask).toBe(true);
    }
    const withdrawn = { targetingKey: '44', revision: await say('44', 'ads', 'withdraw') };
    for (const flags of [near, far]) expect(await flags.getBooleanValue('ads', true, withdrawn)).toBe(false);
  });

  it('denies within its bound when it is cut off, says so, and allows again when it is not', async () => {
    const flags = await flagsOf('cut', { boundMs: 200, everyMs: 10 }, way.url);
    const heard: string[] = [];
    for (const event of [ProviderEvents.Stale, ProviderEvents.Error, ProviderEvents.Ready] as const)
      flags.addHandler(event, () => heard.push(event));
    const ask = () => flags.getBooleanDetails('service', true, { targetingKey: '42' });
    await expect.poll(async () => (await ask()).value).toBe(true);
    way.cutAfter = 0;
    await expect.poll(async () => (await ask()).reason).toBe('STALE');
    expect(await ask()).toMatchObject({ value: false, variant: 'deny' });
    await expect.poll(() => flags.providerStatus).toBe(ProviderStatus.ERROR);
    expect((await ask()).value).toBe(false);
    expect(heard.indexOf(ProviderEvents.Stale)).toBeLessThan(heard.indexOf(ProviderEvents.Error));
    way.cutAfter = Number.POSITIVE_INFINITY;
    await expect.poll(async () => (await ask()).value).toBe(true);
    await expect.poll(() => flags.providerStatus).toBe(ProviderStatus.READY);
    await OpenFeature.setProviderAndWait(
      'cut',
      new LetheProvider(new LetheClient({ url, key }), { identifierType: 'x' }),
    );
  });

  it('goes on trying to load what it could not, and denies meanwhile', async () => {
    way.cutAfter = 0;
    await expect(flagsOf('late', { boundMs: 20_000 }, way.url)).rejects.toThrow();
    const flags = OpenFeature.getClient('late');
    const ask = () => flags.getBooleanValue('service', true, { targetingKey: '42' });
    expect(await ask()).toBe(false);
    way.cutAfter = Number.POSITIVE_INFINITY;
    await expect.poll(ask).toBe(true);
    expect(flags.providerStatus).toBe(ProviderStatus.READY);
  });

  /** Runs a module at the root of this package, where it is known by its own name. */
  const run = async (code: string) => {
    const flags = ['--conditions=source', '--import', loader, '--input-type=module', '--eval', code];
    const env = { ...process.env, LETHE_URL: url, LETHE_KEY: key };
    const child = spawn(process.execPath, flags, { cwd: root, env, stdio: ['ignore', 'pipe', 'pipe'] });
    const [[exit], stdout, stderr] = await Promise.all([
      once(child, 'exit'),
      text(child.stdout),
      text(child.stderr),
    ]);
    expect({ exit: exit as number, stderr }).toEqual({ exit: 0, stderr: '' });
    return stdout;
  };

  it('works as its documentation shows', async () => {
    const guide = readFileSync(join(root, 'docs', 'openfeature.md'), 'utf8');
    const [, example] = /```js\n([^]*?)```/.exec(guide) ?? [];
    expect(await run(example!)).toBe('rank for 42\nfalse deny TARGETING_MATCH signal.opt_out\n');
  });

  it('is loaded by nobody who takes the client alone', async () => {
    const loaded = async (entry: string) =>
      run(`
        import { registerHooks } from 'node:module';
        const seen = [];
        registerHooks({ load: (url, context, next) => (seen.push(url), next(url, context)) });
        await import('${entry}');
        console.log(seen.join(' '));`);
    const client = await loaded('lethe/client');
    expect(client).toContain('libs/client/index.ts');
    expect(client).not.toMatch(/openfeature|node_modules/);
    expect(await loaded('lethe/openfeature')).toMatch(
      /libs\/openfeature\/index\.ts.*@openfeature\/server-sdk/,
    );
  });
});
