import { setImmediate } from 'node:timers/promises';

interface Waiting<Input, Output> {
  readonly item: Input;
  readonly resolve: (value: Output) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Turns many concurrent callers into few set-based writes: whatever arrived while the last batch was in flight becomes
 * the next one. No timer, so a lone caller waits for nobody; but for one turn of the event loop, in which all those whom
 * the last batch answered come back together. One batch is in flight at a
 * time, or as many as are asked for.
 *
 * When a batch fails through the fault of an item, its items are tried one by one, so that a bad item fails no
 * neighbour; `flush` must therefore leave nothing behind when it rejects (one transaction). Any other failure, such as
 * a database that is gone, is everybody's at once.
 */
export class Batcher<Input, Output> {
  private waiting: Waiting<Input, Output>[] = [];
  private running = 0;
  /** Those of the running that wait for the turn to end, to share what came in it. */
  private collecting = 0;

  constructor(
    private readonly flush: (items: readonly Input[]) => Promise<readonly Output[]>,
    private readonly isItemsFault: (error: unknown) => boolean,
    private readonly most = 1_000,
    private readonly inFlight = 1,
  ) {}

  submit(item: Input): Promise<Output> {
    return new Promise((resolve, reject) => {
      this.waiting.push({ item, resolve, reject });
      if (this.running < this.inFlight) void this.run();
    });
  }

  private async run(): Promise<void> {
    this.running += 1;
    while (this.waiting.length > 0) {
      this.collecting += 1;
      await setImmediate();
      const share = Math.ceil(this.waiting.length / this.collecting);
      this.collecting -= 1;
      const batch = this.waiting.splice(0, Math.min(share, this.most));
      if (batch.length > 0) await this.settle(batch);
    }
    this.running -= 1;
  }

  private async settle(batch: readonly Waiting<Input, Output>[]): Promise<void> {
    try {
      const outputs = await this.flush(batch.map(({ item }) => item));
      if (outputs.length !== batch.length) throw new TypeError('a batch must answer each of its items');
      outputs.forEach((output, index) => batch[index]?.resolve(output));
    } catch (error) {
      if (batch.length > 1 && this.isItemsFault(error)) {
        for (const one of batch) await this.settle([one]);
      } else {
        for (const one of batch) one.reject(error);
      }
    }
  }
}
