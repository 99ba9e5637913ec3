import { createServer, type Server } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { choosePort } from './choose-port.js';

const servers: Server[] = [];

afterEach(async () => {
  for (const server of servers.splice(0)) await new Promise((resolve) => server.close(resolve));
});

async function occupy(): Promise<number> {
  const server = createServer();
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as { port: number }).port;
}

const host = '127.0.0.1';

describe('the port', () => {
  it('is the one wished for when that is free', async () => {
    const port = await occupy();
    await new Promise((resolve) => servers.pop()!.close(resolve));
    expect(await choosePort({ host, port, portIsExplicit: true })).toBe(port);
  });

  it('is another when the usual one is taken', async () => {
    const port = await occupy();
    const chosen = await choosePort({ host, port, portIsExplicit: false });
    expect(chosen).not.toBe(port);
    expect(chosen).toBeGreaterThan(0);
  });

  it('is never another than the one asked for', async () => {
    const port = await occupy();
    await expect(choosePort({ host, port, portIsExplicit: true })).rejects.toMatchObject({
      code: 'port.in_use',
      message: `Port ${port} is in use: set PORT to another`,
    });
  });

  it('is waited for when what held it is just ending', async () => {
    const port = await occupy();
    const choosing = choosePort({ host, port, portIsExplicit: true });
    await new Promise((resolve) => servers.pop()!.close(resolve));
    expect(await choosing).toBe(port);
  });

  it('is refused with a sentence on an address that is not this machine’s', async () => {
    await expect(choosePort({ host: '192.0.2.1', port: 3000, portIsExplicit: false })).rejects.toThrow(
      /LETHE_HOST/,
    );
  });
});
