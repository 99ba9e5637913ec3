import { Inject, Injectable } from '@nestjs/common';
import type { Clock } from '#kernel';
import { CLOCK } from '#platform/runtime';
import { Act, groups, unsettled, type Group } from '../act.js';
import type { ClaimedObligation, Settlement } from '../obligation.js';
import type { Tenure } from '../hold-lane.js';
import type { WarrantedObligation } from '../take-batch.js';
import { Flow, unknownControl, type Flows } from './flow.js';
import { Rest } from './rest.js';

/** Makes the calls of a batch as the stores bear them and the policy lets them, and notes in their flows what they tell. */
@Injectable()
export class CallStores {
  constructor(
    private readonly act: Act,
    private readonly rests: Rest,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** Answers what became of each obligation. */
  async execute(
    warranted: readonly WarrantedObligation[],
    flows: Flows,
    tenure: Pick<Tenure, 'signal' | 'confirm'>,
  ): Promise<readonly Settlement[]> {
    const settlements: Settlement[] = [];
    for (const [store, own] of Map.groupBy(groups(warranted), (group) => group.store.id)) {
      const first = own.flatMap(({ members }) => members).at(0);
      if (first === undefined) continue;
      const flow = flows.get(store) ?? new Flow({ tenant: first.tenant, store }, unknownControl, {});
      // Calls on one dataset follow each other: a store that rewrites files would refuse the later one.
      const chains = [...Map.groupBy(own, ({ dataset }) => dataset.name).values()];
      await atOnce(chains, flow.concurrency, async (chain) => {
        for (const group of chain) settlements.push(...(await this.call(group, flow, tenure)));
      });
    }
    return settlements;
  }

  /** Waits for a resting store, with the lane kept; false when there is none. */
  async rest(until: Date | undefined, signal: AbortSignal): Promise<boolean> {
    await this.rests.until(until, signal);
    return until !== undefined;
  }

  /** One call, or none when the store is out of reach by now, or nobody waits for it any more. */
  private async call(
    group: Group,
    flow: Flow,
    { signal, confirm }: Pick<Tenure, 'signal' | 'confirm'>,
  ): Promise<readonly Settlement[]> {
    await this.rests.until(flow.restsUntil, signal);
    confirm();
    const started = this.clock.now();
    if (isAborted(signal) || flow.isOpen(started))
      return group.members.map((obligation) => spare(obligation, flow, started));
    const { settlements, failure } = await this.act.execute(group, signal, flow.rowsAtOnce);
    // A call that we aborted says nothing about the store.
    if (isAborted(signal)) return settlements;
    const ended = this.clock.now();
    const people = group.members.filter(({ cutOff }) => cutOff === null).length;
    const rows = settlements.reduce((total, { removed }) => total + removed, 0);
    flow.told({ started, ended, people, rows, error: failure }, Math.random());
    if (failure === undefined || !flow.isOpen(ended)) return settlements;
    // What the call did before it failed is unknown.
    return group.members.map((obligation) => ({ ...spare(obligation, flow, ended), exact: false }));
  }
}

/** Asked anew each time: it changes while a call is under way. */
function isAborted({ aborted }: AbortSignal): boolean {
  return aborted;
}

/** Due again as soon as the store is there; that it was tried costs no attempt. */
function spare(obligation: ClaimedObligation, { circuit }: Flow, now: Date): Settlement {
  return { ...unsettled(obligation, 0), error: circuit.error, dueAt: now, spared: true };
}

/** Works on so many at once, in their order. */
async function atOnce<T>(all: readonly T[], most: number, work: (one: T) => Promise<void>): Promise<void> {
  const left = all.values();
  const takeTurns = async () => {
    for (const one of left) await work(one);
  };
  await Promise.all(Array.from({ length: Math.min(most, all.length) }, takeTurns));
}
