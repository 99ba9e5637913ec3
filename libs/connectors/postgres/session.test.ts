import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Session } from './session.js';

// AuthenticationOk and ReadyForQuery: all that this server ever says.
const welcome = Buffer.from([0x52, 0, 0, 0, 8, 0, 0, 0, 0, 0x5a, 0, 0, 0, 5, 0x49]);

let folder: string;
let server: Server;
let connections: number;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'lethe-silent-'));
  connections = 0;
  server = createServer((socket) => {
    connections += 1;
    socket.on('error', () => undefined);
    socket.once('data', () => socket.write(welcome));
  });
  await new Promise<void>((resolve) => server.listen(join(folder, '.s.PGSQL.5432'), resolve));
});
afterEach(() => {
  server.close();
  rmSync(folder, { recursive: true, force: true });
});

describe('a server that takes a statement and is never heard of again', () => {
  it('counts as unreachable after a while, and its connection is given up', async () => {
    const session = new Session(`postgres://somebody@${encodeURIComponent(folder)}:5432/rows`, 100);
    const signal = new AbortController().signal;
    for (let again = 1; again <= 2; again++) {
      await expect(session.rows(signal, 'select 1')).rejects.toMatchObject({ code: 'unreachable' });
      expect(connections).toBe(again);
    }
    await session.close();
  });
});
