import { z } from 'zod';
import type { JsonObject } from '#kernel';
import type { Bell } from '../outbox/index.js';

/** The queues, each with workers of its own so that slow stores hold nobody else up. */
export const queues = ['lanes', 'plans', 'ledger'] as const;
export type QueueName = (typeof queues)[number];

/**
 * A kind of job: where it queues and what it carries. Payloads are ids; the rows own everything else, so a job may be
 * lost, repeated or reordered at the price of latency.
 */
export interface Job<Payload extends JsonObject = JsonObject> {
  readonly kind: string;
  readonly queue: QueueName;
  /** Makes the bell that the outbox keeps until the relay has put the job in its queue. */
  bell(payload: Payload): Bell;
  /** Reads a payload that came back from the queue; throws a ZodError when it has another shape. */
  parse(payload: unknown): Payload;
}

export function defineJob<Payload extends JsonObject>(definition: {
  readonly kind: string;
  readonly queue: QueueName;
  readonly schema: z.ZodType<Payload>;
}): Job<Payload> {
  const { kind, queue, schema } = definition;
  return { kind, queue, bell: (payload) => ({ kind, payload }), parse: (payload) => schema.parse(payload) };
}

/** The payload of most jobs: do whatever is pending for this tenant. */
export const tenantPayload = z.strictObject({ tenantId: z.uuid() });
