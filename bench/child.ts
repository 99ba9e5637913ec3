import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';

const answer = z.union([z.object({ answer: z.unknown() }), z.object({ error: z.string() })]);

/** A process of ours that answers questions, one at a time. It ends when we do, however we end. */
export class Child {
  private constructor(private readonly child: ChildProcess) {}

  /** Runs `processes/<name>.js`. Its log lines go nowhere; what it complains about goes to our standard error. */
  static start(name: string, flags: readonly string[] = []): Child {
    const script = fileURLToPath(new URL(`./processes/${name}.js`, import.meta.url));
    return new Child(
      fork(script, [], {
        execArgv: [...process.execArgv, ...flags],
        serialization: 'advanced',
        stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
      }),
    );
  }

  /** Rejects with what went wrong there, or when it ended without an answer. */
  async ask<Answer>(question: object, schema: z.ZodType<Answer>): Promise<Answer> {
    const settled = new AbortController();
    try {
      const ended = once(this.child, 'exit', { signal: settled.signal }).then(() => {
        throw new Error('the process ended without an answer');
      });
      const answered = once(this.child, 'message', { signal: settled.signal });
      this.child.send(question);
      const message = answer.parse((await Promise.race([answered, ended]))[0]);
      if ('error' in message) throw new Error(message.error);
      return schema.parse(message.answer);
    } finally {
      settled.abort();
    }
  }

  async stop(): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    const ended = once(this.child, 'exit');
    this.child.disconnect();
    await ended;
  }
}

/** The other side: answers each message of the parent's, and ends when the parent has gone. */
export function answerParent(work: (question: unknown) => Promise<object>, stop: () => Promise<void>): void {
  process.on('message', (question) => {
    work(question).then(
      (found) => process.send?.({ answer: found }),
      (error: unknown) =>
        process.send?.({ error: error instanceof Error ? (error.stack ?? error.message) : String(error) }),
    );
  });
  process.once('disconnect', () => {
    void stop().finally(() => process.exit(0));
  });
}
