import type { DependencyCode, StoreId, TenantId } from '#kernel';
import { admit, type Admission, type StoreControl } from '../domain/admission.js';
import { afterCall, circuitState, closedCircuit, type Circuit } from '../domain/circuit.js';
import { restUntil, type LaneRule } from '../domain/lane-rule.js';
import { afterTimedCall, fullPace, isSlow, largestBatch, type Pace } from '../domain/pace.js';

/** A call as it went. */
export interface Call {
  readonly started: Date;
  readonly ended: Date;
  /** Zero for a sweep, whose size is not in people. */
  readonly people: number;
  readonly rows: number;
  /** Why all of it failed. */
  readonly error: DependencyCode | undefined;
}

/** Rows a sweep removes before it yields to nearer deadlines. */
const sweepStep = 50_000;

/** A store as one worker works on it: what its calls tell as they come back, and so how the next ones go. */
export class Flow {
  private current: Omit<StoreControl, 'pause'>;
  private rest: Date | undefined;
  private called = false;

  constructor(
    readonly id: { readonly tenant: TenantId; readonly store: StoreId },
    private readonly control: StoreControl,
    private readonly rule: LaneRule,
  ) {
    this.current = control;
  }

  get circuit(): Circuit {
    return this.current.circuit;
  }

  get pace(): Pace {
    return this.current.pace;
  }

  /** Whether a call has told anything. */
  get isNews(): boolean {
    return this.called;
  }

  get concurrency(): number {
    return this.rule.concurrency ?? 1;
  }

  /** Before this moment no further call may begin. */
  get restsUntil(): Date | undefined {
    return this.rest;
  }

  /** Rows that a step of a sweep may remove. */
  get rowsAtOnce(): number {
    const paced = Math.ceil((sweepStep * this.pace.size) / largestBatch);
    return Math.min(paced, this.rule.rowsPerSecond ?? paced);
  }

  /** Takes up what calls have told since this store was read. */
  takeUp(before: Flow | undefined): void {
    if (before?.called !== true) return;
    this.current = before.current;
    this.rest = before.rest;
  }

  /** `most`: of all stores together. */
  admission(now: Date, most?: number): Admission | undefined {
    return admit(this.control, this.rule, now, most);
  }

  isOpen(now: Date): boolean {
    return circuitState(this.circuit, now) === 'open';
  }

  told({ started, ended, people, rows, error }: Call, jitter: number): void {
    const milliseconds = Math.max(0, ended.getTime() - started.getTime());
    const overloaded = error === 'timeout' || error === 'rate_limited';
    const timed = { people, milliseconds, overloaded };
    const isTimed = people > 0 && (error === undefined || overloaded);
    this.called = true;
    const rested = restUntil(this.rule.rowsPerSecond, rows, { started, before: this.rest });
    const slow = isTimed && isSlow(this.pace, timed);
    const recovered = slow ? new Date(ended.getTime() + milliseconds) : undefined;
    this.rest = later(rested, recovered);
    this.current = {
      circuit: afterCall(this.circuit, error, { now: ended, jitter }),
      pace: isTimed ? afterTimedCall(this.pace, timed) : this.pace,
    };
  }
}

/** By store. */
export type Flows = ReadonlyMap<StoreId, Flow>;

/** Of a store that nobody knows anything about. */
export const unknownControl: StoreControl = { circuit: closedCircuit, pause: null, pace: fullPace };

function later(one: Date | undefined, other: Date | undefined): Date | undefined {
  if (one === undefined || other === undefined) return one ?? other;
  return one > other ? one : other;
}
