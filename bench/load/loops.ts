import { createHistogram, performance } from 'node:perf_hooks';
import { HttpConnection } from './http-connection.js';
import type { LoadFigures } from './questions.js';

/** A request as it goes over the wire, and by what its right answer is known. */
export interface ReadyRequest {
  readonly bytes: Buffer;
  readonly expected: Buffer;
}

interface Shape {
  readonly port: number;
  readonly connections: number;
  readonly seconds: number;
}

/** Never reached by a server that works: it bounds what is lost to one that does not. */
const patience = 10;

/** Counts answers and how long they took. */
class Tally {
  private readonly latencies = createHistogram({ figures: 3 });
  readonly began = performance.now();
  private readonly utilisation = performance.eventLoopUtilization();
  private sum = 0;
  private wrong = 0;
  completed = 0;

  add(milliseconds: number, right: boolean): void {
    this.completed += 1;
    this.sum += milliseconds;
    this.latencies.record(Math.max(1, Math.round(milliseconds * 1e6)));
    if (!right) this.wrong += 1;
  }

  figures(perSecond: number): LoadFigures {
    return {
      completed: this.completed,
      perSecond,
      mean: this.sum / this.completed,
      p50: this.latencies.percentile(50) / 1e6,
      p99: this.latencies.percentile(99) / 1e6,
      wrong: this.wrong,
      clientBusy: performance.eventLoopUtilization(this.utilisation).utilization,
    };
  }
}

/** Every connection sends its next request when its last is answered. */
export function closedLoop(requests: readonly ReadyRequest[], shape: Shape): Promise<LoadFigures> {
  return withConnections(shape, (connections, resolve) => {
    const tally = new Tally();
    const end = tally.began + shape.seconds * 1_000;
    const next = endless(requests);
    let open = connections.length;
    let inTime = 0;
    const turn = (connection: HttpConnection) => {
      const began = performance.now();
      if (began >= end) {
        open -= 1;
        if (open === 0) resolve(tally.figures(inTime / shape.seconds));
        return;
      }
      const { bytes, expected } = next();
      connection.send(bytes, (status, body) => {
        const now = performance.now();
        if (now < end) inTime += 1;
        tally.add(now - began, status === 200 && body.includes(expected));
        turn(connection);
      });
    };
    // Awake all the time: a client that sleeps has the server pay for waking it, which on a virtual machine is dearer than its work.
    const spin = () => {
      if (open > 0) setImmediate(spin);
    };
    spin();
    connections.forEach(turn);
  });
}

/**
 * Requests are due at fixed times whatever the server does, and the latency of each counts from when it was due, also
 * while it waits for a connection: nothing slow is left out because it was slow (no coordinated omission). The loop spins
 * instead of sleeping, because a timer's millisecond would be more than what is measured.
 */
export function openLoop(
  requests: readonly ReadyRequest[],
  shape: Shape & { readonly perSecond: number },
): Promise<LoadFigures> {
  return withConnections(shape, (connections, resolve) => {
    const tally = new Tally();
    const free = [...connections];
    const next = endless(requests);
    const { began } = tally;
    const all = Math.floor(shape.perSecond * shape.seconds);
    const dueAt = (index: number) => began + (index * 1_000) / shape.perSecond;
    let sent = 0;
    const spin = () => {
      while (sent < all && free.length > 0 && dueAt(sent) <= performance.now()) {
        const due = dueAt(sent);
        sent += 1;
        const connection = free.pop();
        const { bytes, expected } = next();
        connection?.send(bytes, (status, body) => {
          tally.add(performance.now() - due, status === 200 && body.includes(expected));
          free.push(connection);
        });
      }
      if (tally.completed === all) resolve(tally.figures((all * 1_000) / (performance.now() - began)));
      else setImmediate(spin);
    };
    spin();
  });
}

function endless(requests: readonly ReadyRequest[]): () => ReadyRequest {
  let index = Math.floor(Math.random() * requests.length);
  return () => {
    index = (index + 1) % requests.length;
    const request = requests[index];
    if (request === undefined) throw new RangeError('there are no requests');
    return request;
  };
}

async function withConnections(
  { port, connections, seconds }: Shape,
  run: (connections: readonly HttpConnection[], resolve: (figures: LoadFigures) => void) => void,
): Promise<LoadFigures> {
  const { promise, resolve, reject } = Promise.withResolvers<LoadFigures>();
  const open = await Promise.all(
    Array.from({ length: connections }, () => HttpConnection.open(port, reject)),
  );
  const timer = setTimeout(
    () => {
      reject(new Error('the server did not keep up'));
    },
    seconds * patience * 1_000 + 10_000,
  );
  try {
    run(open, resolve);
    return await promise;
  } finally {
    clearTimeout(timer);
    for (const connection of open) connection.close();
  }
}
