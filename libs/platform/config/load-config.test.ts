import { resolve } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DomainError } from '#kernel';
import { childEnvironment, loadConfig, loadProcessConfig } from './index.js';

const key = Buffer.alloc(32, 1).toString('base64');
const database = 'postgres://app:secret@db/lethe';
const processEnv = {
  LETHE_APP_DATABASE_URL: database,
  LETHE_SYSTEM_DATABASE_URL: database,
  LETHE_QUEUE_DATABASE_URL: database,
  LETHE_MASTER_KEY: key,
  LETHE_LEDGER_FOLDER: 'ledger',
};

function failure(read: () => unknown): DomainError {
  try {
    read();
  } catch (error) {
    if (error instanceof DomainError) return error;
  }
  throw new Error('no DomainError was thrown');
}

describe('the settings of a start', () => {
  it('need nothing to be set', () => {
    expect(loadConfig({})).toEqual({
      databaseUrl: undefined,
      redisUrl: undefined,
      metricsPort: 0,
      port: 3000,
      portIsExplicit: false,
      host: '127.0.0.1',
      dataFolder: resolve('.lethe'),
      masterKey: undefined,
      logLevel: 'info',
      regions: [],
      beats: { leaseMilliseconds: 30_000, reconcileMilliseconds: 5_000, batchSize: 5_000 },
    });
  });

  it('take a variable that is set to nothing as not set', () => {
    const empty = {
      DATABASE_URL: '',
      REDIS_URL: '',
      PORT: '',
      LETHE_HOST: '',
      LETHE_DATA: '',
      LETHE_MASTER_KEY: '',
      LOG_LEVEL: '',
      LETHE_REGIONS: '',
      LETHE_LEASE_SECONDS: '',
      LETHE_RECONCILE_SECONDS: '',
      LETHE_BATCH_SIZE: '',
    };
    expect(loadConfig(empty)).toEqual(loadConfig({}));
  });

  it('are read', () => {
    const config = loadConfig({
      DATABASE_URL: 'postgresql:///lethe?host=/run/postgresql',
      REDIS_URL: 'rediss://cache:6380',
      PORT: '8080',
      LETHE_HOST: '0.0.0.0',
      LETHE_DATA: '/var/lib/lethe',
      LETHE_MASTER_KEY: key,
      LOG_LEVEL: 'debug',
      LETHE_REGIONS: 'eu-west, us',
      LETHE_LEASE_SECONDS: '60',
      LETHE_RECONCILE_SECONDS: '1',
      LETHE_BATCH_SIZE: '100',
    });
    expect(config).toMatchObject({
      port: 8080,
      portIsExplicit: true,
      host: '0.0.0.0',
      dataFolder: '/var/lib/lethe',
      regions: ['eu-west', 'us'],
      beats: { leaseMilliseconds: 60_000, reconcileMilliseconds: 1_000, batchSize: 100 },
    });
    expect(config.masterKey).toEqual(Buffer.alloc(32, 1));
  });

  it.each([
    ['DATABASE_URL', 'mysql://secret@db/x'],
    ['DATABASE_URL', 'secret'],
    ['REDIS_URL', 'http://secret'],
    ['PORT', '0'],
    ['PORT', '65536'],
    ['PORT', '3000secret'],
    ['PORT', '-1'],
    ['LETHE_HOST', 'secret host'],
    ['LETHE_MASTER_KEY', 'secret'],
    ['LETHE_MASTER_KEY', Buffer.alloc(31).toString('base64')],
    ['LETHE_MASTER_KEY', `${key} `],
    ['LOG_LEVEL', 'secret'],
    ['LETHE_REGIONS', 'eu,,secret'],
    ['LETHE_REGIONS', 'SECRET'],
    ['LETHE_LEASE_SECONDS', '0'],
    ['LETHE_LEASE_SECONDS', '301'],
    ['LETHE_LEASE_SECONDS', '1.5'],
    ['LETHE_RECONCILE_SECONDS', 'secret'],
    ['LETHE_BATCH_SIZE', '0'],
    ['LETHE_BATCH_SIZE', '5001'],
  ])('refuse a wrong %s by its name, and never quote its value', (name, value) => {
    const error = failure(() => loadConfig({ [name]: value }));
    expect(error).toMatchObject({ kind: 'invalid', code: 'config.invalid' });
    expect(error.message).toMatch(new RegExp(`^${name} must be `));
    expect(JSON.stringify([error.message, error.faults, error.cause])).not.toMatch(/secret/i);
    expect(error.message).not.toContain(value.length > 4 ? value : '\0');
  });

  it('name every variable at fault at once', () => {
    const error = failure(() => loadConfig({ PORT: 'x', LOG_LEVEL: 'y' }));
    expect(error.faults.map(({ pointer }) => pointer).toSorted()).toEqual(['/LOG_LEVEL', '/PORT']);
  });

  it('take any port that exists and no other', () => {
    fc.assert(
      fc.property(fc.integer({ min: -10, max: 99_999 }), (number) => {
        const read = () => loadConfig({ PORT: number.toString() });
        if (number >= 1 && number <= 65_535) expect(read().port).toBe(number);
        else expect(read).toThrow(DomainError);
      }),
    );
  });
});

describe('the settings of the API and the worker', () => {
  it('are read', () => {
    expect(loadProcessConfig({ ...processEnv, PORT: '4000' })).toMatchObject({
      appDatabaseUrl: database,
      port: 4000,
      ledgerFolder: resolve('ledger'),
      masterKey: Buffer.alloc(32, 1),
    });
  });

  it.each(Object.keys(processEnv))('cannot do without %s', (name) => {
    expect(failure(() => loadProcessConfig({ ...processEnv, [name]: undefined })).message).toBe(
      `${name} is not set`,
    );
  });
});

describe('the environment of a child', () => {
  it('has what it was given and what we have, but not the owner’s access to the database', () => {
    const env = childEnvironment(
      { PORT: '1', REDIS_URL: undefined },
      { DATABASE_URL: 'postgres://owner@db/x', PATH: '/bin', REDIS_URL: 'redis://x' },
    );
    expect(env).toEqual({ PATH: '/bin', PORT: '1' });
  });
});
