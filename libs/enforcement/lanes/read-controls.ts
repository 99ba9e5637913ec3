import { Inject, Injectable } from '@nestjs/common';
import type { Caller } from '#access';
import type { Clock, StoreId } from '#kernel';
import { Transactions } from '#platform/database';
import { CLOCK } from '#platform/runtime';
import type { Pause } from '../domain/admission.js';
import { circuitState, type Circuit, type CircuitState } from '../domain/circuit.js';
import { ControlsRepository, type ControlledStore } from './controls.repository.js';
import { unknownControl } from './flow.js';

/** Whether a store is worked on, and why not. */
export interface StoreView {
  readonly circuit: Pick<Circuit, 'openedAt' | 'error' | 'nextTry'> & { readonly state: CircuitState };
  readonly pause: Pause | null;
}

/** Of the stores that the caller sees, by id; the caller of this has checked which these are. */
@Injectable()
export class ReadControls {
  constructor(
    private readonly transactions: Transactions,
    private readonly controls: ControlsRepository,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  async execute(caller: Caller): Promise<(id: StoreId) => StoreView> {
    const { tenant } = caller;
    const all = await this.transactions.run(tenant, (tx) => this.controls.ofTenant(tx, tenant));
    return (id) => findControl(all, id, this.clock.now());
  }
}

export function findControl(all: readonly ControlledStore[], wanted: StoreId, now: Date): StoreView {
  const { circuit, pause } = all.find(({ id }) => id === wanted)?.control ?? unknownControl;
  const { openedAt, error, nextTry } = circuit;
  return { circuit: { state: circuitState(circuit, now), openedAt, error, nextTry }, pause };
}
