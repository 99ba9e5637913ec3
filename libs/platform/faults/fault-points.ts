import { channel, type Channel } from 'node:diagnostics_channel';

/** Steps between which a process may die or stall, in the order of the work. test/faults does that to it at each of them. */
export const faultPoints = [
  // Planning and bells.
  'outbox.rung',
  'request.planned',
  'rescan.planned',
  // A lane, from its lease to the settled batch.
  'lane.held',
  'batch.claimed',
  'batch.taken',
  'store.opened',
  'store.purged',
  'store.swept',
  'store.read-back',
  'batch.acted',
  'batch.settling',
  'batch.written',
  'batch.settled',
  'store.read-again',
  'store.compacted',
  // What follows.
  'request.closed',
  'ledger.tiles-written',
  'ledger.committed',
  'ledger.published',
] as const;
export type FaultPoint = (typeof faultPoints)[number];

const channels: ReadonlyMap<FaultPoint, Channel> = new Map(
  faultPoints.map((point) => [point, channel(`lethe.${point}`)]),
);

/**
 * Says that a step has been reached. Nobody listens but code that subscribes in this very process, which only test/faults
 * has: no setting, variable or message can make it do anything, and without a subscriber it costs a look-up.
 */
export function reach(point: FaultPoint): void {
  channels.get(point)?.publish(null);
}
