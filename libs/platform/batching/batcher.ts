interface Waiting<Input, Output> {
  readonly item: Input;
  readonly resolve: (value: Output) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Turns many concurrent callers into few set-based writes: whatever arrived while the last batch was in flight becomes
 * the next one. No timer, so a lone caller waits for nobody. One batch is in flight at a time.
 *
 * When a batch fails through the fault of an item, its items are tried one by one, so that a bad item fails no
 * neighbour; `flush` must therefore leave nothing behind when it rejects (one transaction). Any other failure, such as
 * a database that is gone, is everybody's at once.
 */
export class Batcher<Input, Output> {
  private waiting: Waiting<Input, Output>[] = [];
  private running = false;

  constructor(
    private readonly flush: (items: readonly Input[]) => Promise<readonly Output[]>,
    private readonly isItemsFault: (error: unknown) => boolean,
    private readonly most = 1_000,
  ) {}

  submit(item: Input): Promise<Output> {
    return new Promise((resolve, reject) => {
      this.waiting.push({ item, resolve, reject });
      if (!this.running) void this.run();
    });
  }

  private async run(): Promise<void> {
    this.running = true;
    while (this.waiting.length > 0) {
      const batch = this.waiting.splice(0, this.most);
      await this.settle(batch);
    }
    this.running = false;
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
