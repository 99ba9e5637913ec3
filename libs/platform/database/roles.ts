import { createHash, createHmac, pbkdf2Sync, randomBytes } from 'node:crypto';
import { escapeIdentifier, escapeLiteral, type Client } from 'pg';
import { DomainError } from '#kernel';

/** What our processes log in for: one tenant at a time, across tenants, BullMQ's own schema. Each is a group of logins. */
const groups = ['lethe_app', 'lethe_system', 'lethe_queue'] as const;
type Group = (typeof groups)[number];

/** How the three kinds of connection reach one database. None of the logins owns a table or bypasses row-level security. */
export interface RoleUrls {
  readonly appUrl: string;
  readonly systemUrl: string;
  readonly queueUrl: string;
}

/** PostgreSQL cuts longer names silently. */
const longestName = 63;
const scramIterations = 4_096;

/**
 * Makes the group roles and BullMQ's schema, which migrations rely on. Needs an owner that may create roles, or roles
 * that an administrator made and granted to it. Safe to repeat and to race.
 */
export async function prepareRoles(owner: Client): Promise<void> {
  for (const group of groups) {
    await ignoringRaces(owner, group, `create role ${group} nologin`);
  }
  // A superuser is a member of everything; another owner must be one to give the schema away.
  await owner.query(
    `do $$ begin
       if not pg_has_role(current_user, 'lethe_queue', 'set') then grant lethe_queue to current_user with inherit false, set true; end if;
     end $$`,
  );
  await owner.query('create schema if not exists bullmq authorization lethe_queue');
}

/**
 * Makes this database's three logins, or sets their passwords anew, and answers the connection strings. The password of
 * a login comes from the caller by the login's name, derived from the master key; only its SCRAM verifier (RFC 5803) is
 * sent to the server. Rejects with `database.other_key` when the logins were made under another master key: what is
 * sealed in the database would not open.
 */
export async function prepareLogins(
  owner: Client,
  ownerUrl: string,
  password: (login: string) => string,
): Promise<RoleUrls> {
  const database = await currentDatabase(owner);
  await checkKey(owner, loginName('lethe_app', database), password);
  const url = async (group: Group): Promise<string> => {
    const login = loginName(group, database);
    await prepareLogin(owner, { group, login, database, verifier: scramVerifier(password(login)) });
    return loginUrl(ownerUrl, login, password(login));
  };
  const urls = {
    appUrl: await url('lethe_app'),
    systemUrl: await url('lethe_system'),
    queueUrl: await url('lethe_queue'),
  };
  // BullMQ starts with CREATE SCHEMA IF NOT EXISTS, which PostgreSQL refuses to those who may not, even when it exists.
  const queue = loginName('lethe_queue', database);
  await owner.query(`grant create on database ${escapeIdentifier(database)} to ${escapeIdentifier(queue)}`);
  const mark = escapeLiteral(fingerprint(password));
  await owner.query(`comment on role ${escapeIdentifier(loginName('lethe_app', database))} is ${mark}`);
  return urls;
}

interface Login {
  readonly group: Group;
  readonly login: string;
  readonly database: string;
  readonly verifier: string;
}

async function prepareLogin(owner: Client, { group, login, database, verifier }: Login): Promise<void> {
  const role = escapeIdentifier(login);
  await ignoringRaces(owner, login, `create role ${role} login in role ${group}`);
  await owner.query(`alter role ${role} with login password ${escapeLiteral(verifier)}`);
  await owner.query(`grant connect on database ${escapeIdentifier(database)} to ${role}`);
}

async function checkKey(owner: Client, login: string, password: (login: string) => string): Promise<void> {
  const { rows } = await owner.query<{ mark: string | null }>(
    "select shobj_description(oid, 'pg_authid') as mark from pg_roles where rolname = $1",
    [login],
  );
  const mark = rows[0]?.mark ?? null;
  if (mark === null || mark === fingerprint(password)) return;
  const message =
    'The database was set up with another master key: give that one, or what is sealed in it cannot be opened';
  throw new DomainError('conflict', 'database.other_key', message);
}

/** Tells master keys apart, and tells nothing else about them. No login has a name like this. */
function fingerprint(password: (login: string) => string): string {
  return `lethe key ${createHash('sha256').update(password('fingerprint of the master key')).digest('hex').slice(0, 16)}`;
}

/** Removes the logins of a database that is gone. */
export async function dropLogins(owner: Client, database: string): Promise<void> {
  for (const group of groups) {
    await owner.query(`drop role if exists ${escapeIdentifier(loginName(group, database))}`);
  }
}

function loginName(group: Group, database: string): string {
  const name = `${group}__${database}`;
  if (Buffer.byteLength(name) <= longestName) return name;
  return `${group}__${createHash('sha256').update(database).digest('hex').slice(0, 32)}`;
}

/** The owner's connection string for another user; of both forms, with the host as the URL's or as a parameter. */
export function loginUrl(ownerUrl: string, login: string, password: string): string {
  const url = new URL(ownerUrl);
  url.searchParams.delete('user');
  url.searchParams.delete('password');
  if (url.host === '') {
    url.searchParams.set('user', login);
    url.searchParams.set('password', password);
  } else {
    url.username = encodeURIComponent(login);
    url.password = encodeURIComponent(password);
  }
  return url.href;
}

function scramVerifier(password: string): string {
  const salt = randomBytes(16);
  const salted = pbkdf2Sync(password, salt, scramIterations, 32, 'sha256');
  const hmac = (text: string) => createHmac('sha256', salted).update(text).digest();
  const storedKey = createHash('sha256').update(hmac('Client Key')).digest('base64');
  const serverKey = hmac('Server Key').toString('base64');
  return `SCRAM-SHA-256$${scramIterations}:${salt.toString('base64')}$${storedKey}:${serverKey}`;
}

async function currentDatabase(client: Client): Promise<string> {
  const { rows } = await client.query<{ name: string }>('select current_database() as name');
  return rows[0]?.name ?? '';
}

/** Roles belong to the whole server, so a start on another of its databases may make one at the same moment. */
async function ignoringRaces(owner: Client, role: string, statement: string): Promise<void> {
  const found = await owner.query('select 1 from pg_roles where rolname = $1', [role]);
  if (found.rowCount !== 0) return;
  const body = `begin ${statement}; exception when duplicate_object or unique_violation then null; end`;
  await owner.query(`do ${escapeLiteral(body)}`);
}
