import { z } from 'zod';
import { Child } from '../child.js';

/** What the reading process is told. */
export const readerQuestion = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('connect'), url: z.string(), connections: z.number(), rows: z.number() }),
  z.object({ kind: z.literal('read'), seconds: z.number() }),
]);

const reads = z.object({ perSecond: z.number(), p50: z.number(), p99: z.number() });

/** Reads of one window; the percentiles in milliseconds. */
export type Reads = z.infer<typeof reads>;

/** Somebody who reads rows of the store by their id, in a process of their own, each connection the next when it has the last. */
export class ReaderProcess {
  private constructor(private readonly child: Child) {}

  static async start(url: string, connections: number, rows: number): Promise<ReaderProcess> {
    const child = Child.start('read-points');
    await child.ask({ kind: 'connect', url, connections, rows }, z.object({}));
    return new ReaderProcess(child);
  }

  read(seconds: number): Promise<Reads> {
    return this.child.ask({ kind: 'read', seconds }, reads);
  }

  stop(): Promise<void> {
    return this.child.stop();
  }
}
