import { z } from 'zod';
import type { ProcessConfig } from '#platform/config';
import { Child } from '../child.js';

/** What the worker's process is told. */
export const workerQuestion = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('start'),
    appUrl: z.string(),
    systemUrl: z.string(),
    queueUrl: z.string(),
    masterKey: z.instanceof(Uint8Array),
    ledgerFolder: z.string(),
    waits: z.boolean(),
  }),
  z.object({ kind: z.literal('run-lane'), laneId: z.string() }),
]);

const laneRun = z.object({ handled: z.number(), seconds: z.number() });

/** How one pass over a lane went. */
export type LaneRun = z.infer<typeof laneRun>;

/** As `npm start` runs the worker. */
const flags = ['--max-semi-space-size=16'];

/** A worker as it is, in a process of its own. */
export class WorkerProcess {
  private constructor(private readonly child: Child) {}

  /** `waits`: works no lane off by itself. */
  static async start(config: ProcessConfig, waits: boolean): Promise<WorkerProcess> {
    const { appDatabaseUrl: appUrl, systemDatabaseUrl: systemUrl, queueDatabaseUrl: queueUrl } = config;
    const { masterKey, ledgerFolder } = config;
    const child = Child.start('run-worker', flags);
    const question = { kind: 'start', appUrl, systemUrl, queueUrl, masterKey, ledgerFolder, waits };
    await child.ask(question, z.object({}));
    return new WorkerProcess(child);
  }

  /** Works off what is due in a lane. */
  runLane(laneId: string): Promise<LaneRun> {
    return this.child.ask({ kind: 'run-lane', laneId }, laneRun);
  }

  stop(): Promise<void> {
    return this.child.stop();
  }
}
