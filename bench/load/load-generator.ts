import { z } from 'zod';
import { Child } from '../child.js';
import { loadFigures, type LoadFigures, type LoadQuestion } from './questions.js';

/** How far throughput x latency may be from the number of connections. */
const tolerance = 0.05;

/** Sends load from a process of its own. */
export class LoadGenerator {
  private readonly child = Child.start('send-load');

  async prepare(question: Omit<Extract<LoadQuestion, { kind: 'prepare' }>, 'kind'>): Promise<void> {
    await this.child.ask({ kind: 'prepare', ...question }, z.object({ ready: z.number() }));
  }

  /**
   * A closed loop: as many requests under way as there are connections. Rejects when an answer was wrong, and when
   * throughput x latency is not the number of connections (Little's law): then the generator measures wrongly.
   */
  async closed(question: Omit<Extract<LoadQuestion, { kind: 'closed' }>, 'kind'>): Promise<LoadFigures> {
    const figures = await this.run({ kind: 'closed', ...question });
    const underWay = (figures.perSecond * figures.mean) / 1_000;
    // A round begins and ends in the middle of things: what it cuts off is at most a slow answer's time.
    const cutOff = figures.p99 / 1_000 / question.seconds;
    if (Math.abs(underWay / question.connections - 1) > tolerance + cutOff) {
      throw new Error(
        `${underWay.toFixed(1)} requests were under way on ${question.connections} connections: the load was not measured`,
      );
    }
    return figures;
  }

  /** Requests at a fixed rate, whatever the server does; latencies count from when each was due. */
  open(question: Omit<Extract<LoadQuestion, { kind: 'open' }>, 'kind'>): Promise<LoadFigures> {
    return this.run({ kind: 'open', ...question });
  }

  stop(): Promise<void> {
    return this.child.stop();
  }

  private async run(question: LoadQuestion): Promise<LoadFigures> {
    const figures = await this.child.ask(question, loadFigures);
    if (figures.wrong > 0)
      throw new Error(`${figures.wrong} of ${figures.completed} answers were not the expected ones`);
    return figures;
  }
}
