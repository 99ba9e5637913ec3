import { z } from 'zod';
import type { ProcessConfig } from '#platform/config';
import { Child } from '../child.js';

/** How much of what keeps others out is in the way of a decision. */
export interface Doors {
  /** The guard, which authenticates and asks whether the caller may ever do this; with it, nothing else can be left out. */
  readonly guard: boolean;
  /** The use case's own question whether the caller may. */
  readonly check: boolean;
}

/** What the serving process is told. */
export const serveQuestion = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('serve'),
    databaseUrl: z.string(),
    masterKey: z.instanceof(Uint8Array),
    ledgerFolder: z.string(),
    tenant: z.string(),
    guard: z.boolean(),
    check: z.boolean(),
  }),
  z.object({ kind: z.literal('usage') }),
]);

/** As `npm start` runs the API. */
const flags = ['--max-semi-space-size=16'];

/** An API in a process of its own that answers decisions. */
export class DecisionsServer {
  private constructor(
    private readonly child: Child,
    readonly port: number,
  ) {}

  static async start(
    config: Pick<ProcessConfig, 'masterKey' | 'ledgerFolder'>,
    databaseUrl: string,
    tenant: string,
    doors: Doors,
  ): Promise<DecisionsServer> {
    const { masterKey, ledgerFolder } = config;
    const child = Child.start('serve-decisions', flags);
    const question = { kind: 'serve', databaseUrl, masterKey, ledgerFolder, tenant, ...doors };
    const { port } = await child.ask(question, z.object({ port: z.number() }));
    return new DecisionsServer(child, port);
  }

  /** Processor time in seconds that the process has used. */
  async cpuSeconds(): Promise<number> {
    return (await this.child.ask({ kind: 'usage' }, z.object({ cpuSeconds: z.number() }))).cpuSeconds;
  }

  stop(): Promise<void> {
    return this.child.stop();
  }
}
