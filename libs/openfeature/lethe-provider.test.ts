import {
  createEvaluationEvent,
  OpenFeature,
  ProviderEvents,
  ProviderStatus,
  type Hook,
} from '@openfeature/server-sdk';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { LetheClient } from '#client';
import { LetheProvider, type LetheProviderOptions } from './lethe-provider.js';

const person = { targetingKey: 'somebody@example.org' };
const allow = {
  effect: 'allow',
  reason: 'consent.given',
  sentence: 'The person consented.',
  basisRecord: null,
  conditions: null,
  policyVersion: 1,
  revision: '1.4',
};
let domains = 0;

/** What comes back on the wire; the SDK is the genuine one. */
type Wire = (path: string, body: unknown) => unknown;
const status = (code: number) =>
  new Response(JSON.stringify({ code: 'x.y', detail: 'no' }), { status: code });

function providerOf(wire: Wire, options: Partial<LetheProviderOptions> = {}) {
  const fetch = async (url: string | URL | Request, init: RequestInit = {}) => {
    const { pathname } = new URL(url);
    const answer = await wire(pathname, JSON.parse((init.body ?? 'null') as string));
    return answer instanceof Response ? answer : new Response(JSON.stringify(answer));
  };
  const client = new LetheClient({ url: 'http://lethe.example', key: 'key', fetch });
  const provider = new LetheProvider(client, { identifierType: 'email', timeoutMs: 50, ...options });
  domains += 1;
  const domain = `domain-${domains}`;
  return { provider, domain, flags: OpenFeature.getClient(domain) };
}

async function started(wire: Wire, options: Partial<LetheProviderOptions> = {}) {
  const made = providerOf(wire, options);
  await OpenFeature.setProviderAndWait(made.domain, made.provider);
  return made.flags;
}

afterEach(() => {
  OpenFeature.clearHooks();
});
afterAll(() => OpenFeature.close());

describe('the OpenFeature provider, asked through the genuine SDK', () => {
  it('answers what the API decides, and tells why', async () => {
    const asked: unknown[] = [];
    const flags = await started((_path, body) => {
      asked.push(body);
      return allow;
    });
    expect(await flags.getBooleanValue('ads', false, { ...person, globalPrivacyControl: false })).toBe(true);
    expect(asked).toEqual([
      { subject: { type: 'email', value: person.targetingKey }, purpose: 'ads', globalPrivacyControl: false },
    ]);
    expect(await flags.getBooleanDetails('ads', false, person)).toMatchObject({
      value: true,
      variant: 'allow',
      reason: 'TARGETING_MATCH',
      flagMetadata: { reasonCode: 'consent.given', revision: '1.4', policyVersion: 1 },
    });
  });

  it.each<[string, Wire, object]>([
    ['is denied', () => ({ ...allow, effect: 'deny', reason: 'consent.missing' }), { reason: 'DEFAULT' }],
    [
      'is of an unknown purpose',
      () => ({ ...allow, effect: 'deny', reason: 'purpose.unknown' }),
      { errorCode: 'FLAG_NOT_FOUND' },
    ],
    ['is refused as invalid', () => status(400), { errorCode: 'INVALID_CONTEXT' }],
    ['comes with a wrong key', () => status(401), { errorCode: 'GENERAL' }],
    ['meets a failing server', () => status(503), { errorCode: 'GENERAL' }],
    ['is not answered in time', () => new Promise(() => undefined), { errorCode: 'GENERAL' }],
    ['does not arrive', () => Promise.reject(new Error('fetch failed')), { errorCode: 'GENERAL' }],
    ['is answered with something else', () => new Response('<html>'), { errorCode: 'GENERAL' }],
    ['is answered with nothing', () => ({}), {}],
    ['is answered with null', () => null, { errorCode: 'GENERAL' }],
    ['is answered with what is no effect', () => ({ ...allow, effect: true }), {}],
  ])('never allows what %s, whatever the default', async (_name, wire, expected) => {
    const flags = await started(wire);
    expect(await flags.getBooleanDetails('ads', false, person)).toMatchObject({ value: false, ...expected });
    expect(await flags.getBooleanValue('ads', true, person)).toBe(false);
  });

  it('never allows a context that names nobody, or is not what it should be', async () => {
    const flags = await started(() => allow);
    for (const [context, errorCode] of [
      [{}, 'TARGETING_KEY_MISSING'],
      [{ ...person, globalPrivacyControl: 'yes' }, 'INVALID_CONTEXT'],
    ] as const) {
      expect(await flags.getBooleanDetails('ads', false, context)).toMatchObject({ value: false, errorCode });
      expect(await flags.getBooleanDetails('ads', true, context)).toMatchObject({
        value: false,
        flagMetadata: { errorCode },
      });
    }
  });

  it('never allows before it is ready, when it failed for good, or when somebody’s hook throws', async () => {
    let load: ((answer: Response) => void) | undefined;
    const { provider, domain, flags } = providerOf(() => new Promise((resolve) => (load = resolve)), {
      replica: {},
    });
    const setting = OpenFeature.setProviderAndWait(domain, provider);
    expect(flags.providerStatus).toBe(ProviderStatus.NOT_READY);
    expect(await flags.getBooleanDetails('ads', true, person)).toMatchObject({
      value: false,
      variant: 'deny',
      errorCode: 'PROVIDER_NOT_READY',
    });
    await expect.poll(() => load).toBeDefined();
    load!(status(403));
    await expect(setting).rejects.toThrow('no');
    expect(flags.providerStatus).toBe(ProviderStatus.FATAL);
    expect(await flags.getBooleanDetails('ads', true, person)).toMatchObject({
      value: false,
      errorCode: 'PROVIDER_FATAL',
    });
    const yes = await started(() => allow);
    const faulty: Hook = {
      after: () => {
        throw new Error('a hook of somebody else');
      },
    };
    yes.addHooks(faulty);
    expect(await yes.getBooleanValue('ads', true, person)).toBe(false);
  });

  it('never allows once it is closed, and can be opened again', async () => {
    const { provider, domain, flags } = providerOf(() => allow);
    await OpenFeature.setProviderAndWait(domain, provider);
    await provider.onClose();
    expect(await flags.getBooleanDetails('ads', false, person)).toMatchObject({
      value: false,
      errorCode: 'PROVIDER_NOT_READY',
    });
    await provider.initialize();
    expect(await flags.getBooleanValue('ads', false, person)).toBe(true);
  });

  it('is a type mismatch for what is no boolean', async () => {
    const flags = await started(() => allow);
    expect(await flags.getStringDetails('ads', 'deny', person)).toMatchObject({
      value: 'deny',
      errorCode: 'TYPE_MISMATCH',
    });
    expect(await flags.getNumberDetails('ads', 0, person)).toMatchObject({
      value: 0,
      errorCode: 'TYPE_MISMATCH',
    });
    expect(await flags.getObjectDetails('ads', {}, person)).toMatchObject({ errorCode: 'TYPE_MISMATCH' });
  });

  it('says that it is in error while the API does not answer, and that it is ready when it does', async () => {
    let broken = false;
    const flags = await started(() => (broken ? status(503) : allow));
    const heard: unknown[] = [];
    flags.addHandler(ProviderEvents.Error, (details) => heard.push(details?.message));
    broken = true;
    await flags.getBooleanValue('ads', false, person);
    await flags.getBooleanValue('ads', false, person);
    await expect.poll(() => heard).toEqual(['no']);
    expect(flags.providerStatus).toBe(ProviderStatus.ERROR);
    broken = false;
    expect(await flags.getBooleanValue('ads', false, person)).toBe(true);
    expect(flags.providerStatus).toBe(ProviderStatus.READY);
  });

  it('keeps the person out of telemetry', async () => {
    const seen: unknown[] = [];
    const telemetry: Hook = {
      finally: (context, details) => {
        seen.push(createEvaluationEvent(context, details));
      },
    };
    for (const wire of [() => allow, () => status(503)]) {
      const flags = await started(wire);
      flags.addHooks(telemetry);
      await flags.getBooleanValue('ads', false, person);
      await flags.getBooleanValue('ads', true, person);
    }
    expect(seen).toHaveLength(4);
    expect(JSON.stringify(seen)).not.toContain('somebody');
  });
});
