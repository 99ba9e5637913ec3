import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from 'pg';
import { afterAll, beforeAll, beforeEach, describe, expect, inject, it } from 'vitest';
import { withClient } from '#testing';
import { Link } from './link.js';

let folder: string;
let link: Link;
let url: string;
const begun: string[] = [];
const over: string[] = [];

beforeAll(async () => {
  const { adminUrl } = inject('testServer');
  folder = mkdtempSync(join(tmpdir(), 'lf-link-'));
  link = new Link(join(folder, 'x'), decodeURIComponent(new URL(adminUrl).hostname), (fault) => {
    begun.push(fault);
    return () => over.push(fault);
  });
  await link.open();
  url = link.through(adminUrl);
});
beforeEach(() => {
  begun.length = 0;
  over.length = 0;
});
afterAll(async () => {
  await link.close();
  rmSync(folder, { recursive: true, force: true });
});

const one = (client: Client) => client.query<{ one: number }>('select 1 as one');
async function connected(work: (client: Client) => Promise<unknown>): Promise<unknown> {
  const client = new Client({ connectionString: url });
  client.on('error', () => undefined);
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end().catch(() => undefined);
  }
}

/** A table of its own, and how many rows it ends with after one insert whose commit meets the mishap. */
async function rowsAfter(mishap: 'cut-at-commit' | 'cut-after-commit'): Promise<number> {
  const { adminUrl } = inject('testServer');
  const table = `link_${mishap.replaceAll('-', '_')}`;
  return withClient(adminUrl, async (owner) => {
    await owner.query(`create table ${table} (n int)`);
    link.expect(mishap);
    await expect(
      connected(async (client) => {
        await client.query('begin');
        await client.query(`insert into ${table} values (1)`);
        await client.query('commit');
      }),
    ).rejects.toThrow(/terminated|ECONNRESET|EPIPE/);
    const { rows } = await owner.query<{ count: string }>(`select count(*) from ${table}`);
    await owner.query(`drop table ${table}`);
    return Number(rows[0]!.count);
  });
}

describe('a link', () => {
  it('passes everything on, both ways', async () => {
    const text = 'x'.repeat(300_000);
    const answer = await connected(async (client) => (await client.query('select $1 as text', [text])).rows);
    expect(answer).toEqual([{ text }]);
    expect(begun).toEqual([]);
  });

  it('loses the answer to a commit that was done', async () => {
    expect(await rowsAfter('cut-after-commit')).toBe(1);
    await connected(one);
    expect([begun, over]).toEqual([['cut-after-commit'], ['cut-after-commit']]);
  });

  it('cuts a connection once its commit was passed on', async () => {
    expect([0, 1]).toContain(await rowsAfter('cut-at-commit'));
    expect(begun).toEqual(['cut-at-commit']);
  });

  it('delivers half of an answer and no more', async () => {
    link.expect('half-answer');
    await expect(connected(one)).rejects.toThrow();
    expect(await connected(async (client) => (await one(client)).rows)).toEqual([{ one: 1 }]);
  });

  it('cuts what is open, and lets others in again', async () => {
    await expect(
      connected(async (client) => {
        link.cut();
        await one(client);
      }),
    ).rejects.toThrow();
    await connected(one);
    expect([begun, over]).toEqual([['cut'], ['cut']]);
  });

  it('refuses with too many connections while it throttles, and serves again', async () => {
    link.change('throttled', 300);
    await expect(connected(one)).rejects.toMatchObject({ code: '53300' });
    await expect.poll(() => over).toEqual(['throttled']);
    await connected(one);
  });

  it('answers late while it is slow', async () => {
    link.change('slow', 2_000);
    const began = performance.now();
    await connected(one);
    expect(performance.now() - began).toBeGreaterThan(55);
    link.heal();
  });
});
