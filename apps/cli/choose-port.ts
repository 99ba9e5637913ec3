import { createServer } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { DomainError } from '#kernel';

interface Wish {
  readonly host: string;
  readonly port: number;
  /** Somebody asked for this port and would not find us on another. */
  readonly portIsExplicit: boolean;
}

const neighbours = 20;
/** What was killed a moment ago may hold its port that long. */
const patienceMs = 2_000;
const pollEvery = 50;

/** A free port: the one wished for, or else one near it, or any; another than an explicit one never. */
export async function choosePort({ host, port, portIsExplicit }: Wish): Promise<number> {
  if (await isFree(host, port, patienceMs)) return port;
  if (portIsExplicit)
    throw new DomainError('conflict', 'port.in_use', `Port ${port} is in use: set PORT to another`);
  for (let next = port + 1; next <= Math.min(port + neighbours, 65_535); next++) {
    if ((await tryPort(host, next)) !== null) return next;
  }
  return (await tryPort(host, 0)) ?? port;
}

async function isFree(host: string, port: number, withinMs: number): Promise<boolean> {
  const deadline = performance.now() + withinMs;
  for (;;) {
    if ((await tryPort(host, port)) !== null) return true;
    if (performance.now() > deadline) return false;
    await pause(pollEvery);
  }
}

/** The port it listened on for a moment, or null when somebody else does. */
function tryPort(host: string, port: number): Promise<number | null> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EADDRINUSE') resolve(null);
      else reject(refusal(error, host, port));
    });
    server.listen({ host, port, exclusive: true }, () => {
      const address = server.address();
      server.close(() => {
        resolve(typeof address === 'object' && address !== null ? address.port : port);
      });
    });
  });
}

function refusal(error: NodeJS.ErrnoException, host: string, port: number): DomainError {
  const message =
    error.code === 'EACCES'
      ? `Port ${port} is not open to this user: set PORT to one above 1023`
      : `Lethe cannot listen on ${host} (${error.code ?? error.message}): set LETHE_HOST to an address of this machine`;
  return new DomainError('invalid', 'port.refused', message, { cause: error });
}
