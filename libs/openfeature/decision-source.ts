import type { Fault, Question } from './read-context.js';
import type { Decided } from './resolution.js';

/** Whether answers can be relied on: `stale` and `error` deny, and `error` lasts. */
export type Health = 'ready' | 'stale' | 'error';

/** Where decisions come from. May be opened again once it is closed. */
export interface DecisionSource {
  /** Rejects with an error of the SDK when nothing can be answered. */
  open(): Promise<void>;
  /** A fault while it is not open. Never throws. */
  ask(question: Question): Decided | Fault | Promise<Decided | Fault>;
  close(): void;
}
