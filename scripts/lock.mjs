// One preparation at a time. The lock is a socket, which the kernel closes when its holder ends, however it ends.
import { createHash } from 'node:crypto';
import { rmSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';

const pollEvery = 100;

/** Runs the work while no other process does work of the same name; waits, and says so once, for one that does. */
export async function exclusively(name, work, onWait) {
  const address = lockAddress(name);
  let server;
  for (let waited = false; (server = await tryListen(address)) === null; waited = true) {
    if (!waited) onWait();
    if (!address.startsWith('\0') && !(await answers(address))) rmSync(address, { force: true });
    await pause(pollEvery);
  }
  try {
    return await work();
  } finally {
    await new Promise((resolve) => server.close(resolve));
  }
}

function lockAddress(name) {
  const digest = createHash('sha256')
    .update(`${process.getuid?.() ?? ''}\0${name}`)
    .digest('hex')
    .slice(0, 16);
  if (process.platform === 'linux') return `\0lethe-work-${digest}`;
  return process.platform === 'win32'
    ? `\\\\.\\pipe\\lethe-${digest}`
    : join(tmpdir(), `lethe-${digest}.lock`);
}

/** The server that holds the name, or null when another does. */
function tryListen(address) {
  return new Promise((resolve, reject) => {
    const server = createServer((socket) => socket.destroy());
    server.once('error', (error) => (error.code === 'EADDRINUSE' ? resolve(null) : reject(error)));
    server.listen(address, () => resolve(server));
  });
}

function answers(address) {
  return new Promise((resolve) => {
    const socket = connect(address);
    socket.on('connect', () => resolve(true));
    socket.on('error', () => resolve(false));
    socket.on('close', () => resolve(false));
  });
}
