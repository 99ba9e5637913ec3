import { Injectable, type BeforeApplicationShutdown } from '@nestjs/common';

/** Fires when the worker is asked to stop, so that long calls end early; what they leave is due again. */
@Injectable()
export class Stopping implements BeforeApplicationShutdown {
  private readonly controller = new AbortController();

  get signal(): AbortSignal {
    return this.controller.signal;
  }

  beforeApplicationShutdown(): void {
    this.controller.abort(new Error('the worker stops'));
  }
}
