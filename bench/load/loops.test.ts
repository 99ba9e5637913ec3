import { once } from 'node:events';
import { createServer, type Server } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { closedLoop, openLoop, type ReadyRequest } from './loops.js';

const requests: readonly ReadyRequest[] = [{ bytes: Buffer.from('question'), expected: Buffer.from('yes') }];
const answer = (text: string, status = 200) =>
  `HTTP/1.1 ${status} Whatever\r\nContent-Length: ${text.length}\r\n\r\n${text}`;

let server: Server | undefined;

/** Answers each question with what `reply` writes. */
async function serve(reply: (write: (text: string) => void) => void): Promise<number> {
  server = createServer((socket) => {
    socket.on('data', () => {
      reply((text) => socket.write(text));
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('there is no port');
  return address.port;
}

afterEach(() => {
  server?.close();
});

describe('a closed loop', () => {
  it('has as many requests under way as connections', async () => {
    const port = await serve((write) => setTimeout(write, 20, answer('yes')));
    const { perSecond, mean, wrong } = await closedLoop(requests, { port, connections: 8, seconds: 0.5 });
    expect(mean).toBeGreaterThanOrEqual(19);
    expect((perSecond * mean) / 1_000).toBeGreaterThan(4);
    expect((perSecond * mean) / 1_000).toBeLessThan(8.5);
    expect(wrong).toBe(0);
  });

  it.each([
    ['another answer', answer('no!')],
    ['the right words with a wrong status', answer('yes', 500)],
  ])('counts %s as wrong', async (_, text) => {
    const port = await serve((write) => {
      write(text);
    });
    const { completed, wrong } = await closedLoop(requests, { port, connections: 2, seconds: 0.05 });
    expect(completed).toBeGreaterThan(0);
    expect(wrong).toBe(completed);
  });

  it('reads an answer that comes in pieces', async () => {
    const [head = '', body = ''] = answer('yes').split('\r\n\r\n');
    const port = await serve((write) => {
      write(`${head}\r\n`);
      setTimeout(write, 5, `\r\n${body.slice(0, 1)}`);
      setTimeout(write, 10, body.slice(1));
    });
    const { completed, wrong } = await closedLoop(requests, { port, connections: 1, seconds: 0.1 });
    expect(completed).toBeGreaterThan(1);
    expect(wrong).toBe(0);
  });

  it('rejects when the server hangs up', async () => {
    server = createServer((socket) => socket.once('data', () => socket.destroy()));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    const port = typeof address === 'object' ? (address?.port ?? 0) : 0;
    await expect(closedLoop(requests, { port, connections: 1, seconds: 0.1 })).rejects.toThrow();
  });
});

describe('an open loop', () => {
  it('counts the wait of every request that was due while the server stood still', async () => {
    // From the tenth question on, for 200 ms, nothing is answered; then all at once.
    let asked = 0;
    let held: (() => void)[] | undefined;
    const port = await serve((write) => {
      asked += 1;
      const reply = () => {
        write(answer('yes'));
      };
      if (asked === 10) {
        held = [];
        setTimeout(() => {
          held?.forEach((release) => {
            release();
          });
          held = undefined;
        }, 200);
      }
      if (held === undefined) reply();
      else held.push(reply);
    });
    const { completed, mean } = await openLoop(requests, {
      port,
      connections: 2,
      seconds: 0.4,
      perSecond: 500,
    });
    expect(completed).toBe(200);
    // A hundred requests were due meanwhile, each for 100 ms on average; sent were two.
    expect(mean).toBeGreaterThan(25);
  });
});
