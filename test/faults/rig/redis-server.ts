import { setTimeout as pause } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { startRedis } from '../../e2e/redis.js';

const tryEvery = 25;
const tries = 400;

/** A Redis that keeps nothing: when it dies, every job is gone. */
export class RedisServer {
  private constructor(private running: Awaited<ReturnType<typeof startRedis>>) {}

  static async start(): Promise<RedisServer> {
    return new RedisServer(await startRedis());
  }

  get url(): string {
    return this.running.url;
  }

  /** kill -9; it is started again on the same port. */
  async kill(): Promise<void> {
    const { port } = this.running;
    await this.running.stop();
    for (let left = tries; ; left--) {
      try {
        this.running = await startRedis(port);
        return;
      } catch (error) {
        if (left === 0) throw error;
        await pause(tryEvery);
      }
    }
  }

  async wipe(): Promise<void> {
    const client = new Redis(this.url);
    await client.flushall();
    client.disconnect();
  }

  async stop(): Promise<void> {
    await this.running.stop();
  }
}
