import { Injectable, type OnModuleDestroy } from '@nestjs/common';
import { AccessRepository } from './access.repository.js';

const flushEvery = 10_000;

/** Remembers when keys were last used and writes it down every ten seconds, all keys at once. */
@Injectable()
export class KeyUse implements OnModuleDestroy {
  private used = new Map<string, Date>();
  private readonly timer: NodeJS.Timeout;

  constructor(private readonly repository: AccessRepository) {
    this.timer = setInterval(() => void this.flush(), flushEvery).unref();
  }

  note(keyId: string, at: Date): void {
    this.used.set(keyId, at);
  }

  /** What cannot be written now is written with the next batch. */
  async flush(): Promise<void> {
    const batch = this.used;
    if (batch.size === 0) return;
    this.used = new Map();
    try {
      await this.repository.touchKeys([...batch]);
    } catch {
      for (const [id, at] of batch) if (!this.used.has(id)) this.used.set(id, at);
    }
  }

  async onModuleDestroy(): Promise<void> {
    clearInterval(this.timer);
    await this.flush();
  }
}
