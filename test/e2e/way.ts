import { connect, createServer, type AddressInfo, type Socket } from 'node:net';

/** A way to a server that can be cut. */
export interface Way {
  readonly url: string;
  /** Ends each connection once so many bytes were answered on it; 0 cuts the way, infinity keeps it open. */
  cutAfter: number;
  readonly close: () => void;
}

export async function openWay(target: string): Promise<Way> {
  const open = new Set<Socket>();
  const server = createServer((caller) => {
    const callee = connect(Number(new URL(target).port), '127.0.0.1');
    const ends = [caller, callee];
    let answered = 0;
    callee.on('data', (chunk: Buffer) => {
      caller.write(chunk.subarray(0, Math.max(way.cutAfter - answered, 0)));
      answered += chunk.length;
      if (answered >= way.cutAfter) for (const end of ends) end.destroy();
    });
    caller.pipe(callee);
    for (const end of ends) {
      open.add(end);
      end.on('error', () => undefined);
      end.on('close', () => {
        open.delete(end);
        for (const other of ends) other.destroy();
      });
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const way: Way = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    cutAfter: Number.POSITIVE_INFINITY,
    close: () => {
      for (const socket of open) socket.destroy();
      server.close();
    },
  };
  return way;
}
