import { resolve } from 'node:path';
import { z } from 'zod';
import { DomainError, type Fault } from '#kernel';
import type { Beats } from '../runtime/index.js';

type Environment = Readonly<Record<string, string | undefined>>;

/** What a person sets for `lethe start`, from the environment. */
export interface Config {
  /** A PostgreSQL of one's own, as the owner of the database; embedded when absent. */
  readonly databaseUrl: string | undefined;
  /** Redis or Valkey under the queues; PostgreSQL when absent. */
  readonly redisUrl: string | undefined;
  readonly port: number;
  /** Whether the port was asked for: then another is never taken instead. */
  readonly portIsExplicit: boolean;
  readonly host: string;
  /** Absolute. */
  readonly dataFolder: string;
  /** 32 bytes; the data folder's own when absent. */
  readonly masterKey: Buffer | undefined;
  readonly logLevel: LogLevel;
  /** Where a worker shows its metrics; 0 takes any free port. */
  readonly metricsPort: number;
  /** The regions whose stores the worker serves; empty for all. */
  readonly regions: readonly string[];
  readonly beats: Beats;
}

/** What `lethe start`, or a person running them apart, hands to the API and the worker. */
export interface ProcessConfig extends Pick<
  Config,
  'redisUrl' | 'port' | 'metricsPort' | 'host' | 'logLevel' | 'regions' | 'beats'
> {
  /** The login that sees one tenant at a time. */
  readonly appDatabaseUrl: string;
  /** The login of relay, integrator and lanes, which cross tenants. */
  readonly systemDatabaseUrl: string;
  /** The login of BullMQ's schema. */
  readonly queueDatabaseUrl: string;
  readonly masterKey: Buffer;
  /** Where the ledger's tiles and checkpoints are published. Absolute. */
  readonly ledgerFolder: string;
}

const logLevels = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const;
type LogLevel = (typeof logLevels)[number];

const defaultPort = 3_000;
const keyBytes = 32;

// A variable that is set to nothing counts as not set: that is how compose files say "the default".
const optional = <T extends z.ZodType>(schema: T) =>
  z.preprocess((value) => (value === '' ? undefined : value), schema.optional());

const url = (...protocols: readonly string[]) =>
  z.string().refine((text) => URL.canParse(text) && protocols.includes(new URL(text).protocol), {
    error: `must be a URL that begins with ${protocols.map((protocol) => `${protocol}//`).join(' or ')}`,
  });
const postgresUrl = url('postgres:', 'postgresql:');
const redisUrl = url('redis:', 'rediss:');
const whole = (least: number, most: number) => {
  const error = `must be a whole number from ${least} to ${most}`;
  return z
    .string()
    .regex(/^\d{1,5}$/, { error })
    .transform(Number)
    .refine((number) => number >= least && number <= most, { error });
};
const port = whole(1, 65_535);
const seconds = whole(1, 300);
const host = z.string().regex(/^[\w.:-]+$/, { error: 'must be a host name or an IP address' });
const masterKey = z
  .string()
  .regex(/^[A-Za-z0-9+/]{43}=$/, {
    error: `must be ${keyBytes} bytes in base64, as \`openssl rand -base64 32\` prints`,
  })
  .transform((text) => Buffer.from(text, 'base64'));
const logLevel = z.enum(logLevels, { error: `must be one of ${logLevels.join(', ')}` });
const regions = z
  .string()
  .transform((text) => text.split(',').map((name) => name.trim()))
  .refine((names) => names.every((name) => /^[a-z0-9][a-z0-9-]{0,62}$/.test(name)), {
    error: 'must be names of lower-case letters, digits and hyphens, with commas between them',
  });

const shared = {
  REDIS_URL: optional(redisUrl),
  PORT: optional(port),
  LETHE_METRICS_PORT: optional(port),
  LETHE_HOST: optional(host),
  LOG_LEVEL: optional(logLevel),
  LETHE_REGIONS: optional(regions),
  LETHE_LEASE_SECONDS: optional(seconds),
  LETHE_RECONCILE_SECONDS: optional(seconds),
  LETHE_BATCH_SIZE: optional(whole(1, 5_000)),
};
const startVariables = z.object({
  ...shared,
  DATABASE_URL: optional(postgresUrl),
  LETHE_DATA: optional(z.string()),
  LETHE_MASTER_KEY: optional(masterKey),
});
const required = { error: 'is not set' } as const;
const processVariables = z.object({
  ...shared,
  LETHE_APP_DATABASE_URL: z.string(required).pipe(postgresUrl),
  LETHE_SYSTEM_DATABASE_URL: z.string(required).pipe(postgresUrl),
  LETHE_QUEUE_DATABASE_URL: z.string(required).pipe(postgresUrl),
  LETHE_MASTER_KEY: z.string(required).pipe(masterKey),
  LETHE_LEDGER_FOLDER: z.string(required).min(1, { error: 'is not set' }),
});

/** Reads the variables of `lethe start`. Throws one DomainError (`config.invalid`) that names every variable at fault, never a value. */
export function loadConfig(env: Environment = process.env): Config {
  const read = parse(startVariables, env);
  return {
    ...common(read),
    databaseUrl: read.DATABASE_URL,
    portIsExplicit: read.PORT !== undefined,
    dataFolder: resolve(read.LETHE_DATA ?? '.lethe'),
    masterKey: read.LETHE_MASTER_KEY,
  };
}

/** Reads the variables of the API and the worker, where `given` on the command line comes first; the same error as `loadConfig`. */
export function loadProcessConfig(env: Environment = process.env, given: Environment = {}): ProcessConfig {
  const read = parse(processVariables, { ...env, ...given });
  return {
    ...common(read),
    appDatabaseUrl: read.LETHE_APP_DATABASE_URL,
    systemDatabaseUrl: read.LETHE_SYSTEM_DATABASE_URL,
    queueDatabaseUrl: read.LETHE_QUEUE_DATABASE_URL,
    masterKey: read.LETHE_MASTER_KEY,
    ledgerFolder: resolve(read.LETHE_LEDGER_FOLDER),
  };
}

/** The environment of a child: ours, with the given variables set, and without the owner's access to the database. */
export function childEnvironment(
  variables: Environment,
  env: Environment = process.env,
): Record<string, string> {
  const all: Environment = { ...env, DATABASE_URL: undefined, ...variables };
  return Object.fromEntries(
    Object.entries(all).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
  );
}

function common(
  read: z.infer<z.ZodObject<typeof shared>>,
): Pick<Config, 'redisUrl' | 'port' | 'metricsPort' | 'host' | 'logLevel' | 'regions' | 'beats'> {
  return {
    redisUrl: read.REDIS_URL,
    port: read.PORT ?? defaultPort,
    metricsPort: read.LETHE_METRICS_PORT ?? 0,
    host: read.LETHE_HOST ?? '127.0.0.1',
    logLevel: read.LOG_LEVEL ?? 'info',
    regions: read.LETHE_REGIONS ?? [],
    beats: {
      leaseMilliseconds: (read.LETHE_LEASE_SECONDS ?? 30) * 1_000,
      reconcileMilliseconds: (read.LETHE_RECONCILE_SECONDS ?? 5) * 1_000,
      batchSize: read.LETHE_BATCH_SIZE ?? 5_000,
    },
  };
}

function parse<Schema extends z.ZodType>(schema: Schema, env: Environment): z.infer<Schema> {
  const result = schema.safeParse(env, { reportInput: false });
  if (result.success) return result.data;
  const faults: readonly Fault[] = result.error.issues.map(({ path, message }) => ({
    pointer: `/${path.join('/')}`,
    message,
  }));
  const sentence = faults.map(({ pointer, message }) => `${pointer.slice(1)} ${message}`).join('; ');
  // Without the cause: zod's error could quote what was set.
  throw new DomainError('invalid', 'config.invalid', sentence, { faults });
}
