import { z } from 'zod';

/** What the load generator is asked, over the channel between the processes. */
export const loadQuestion = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('prepare'),
    method: z.enum(['GET', 'POST']),
    path: z.string(),
    authorization: z.string(),
    /** Each with a part of the answer by which a right one is known. */
    requests: z.array(z.object({ body: z.string(), expected: z.string() })).min(1),
  }),
  z.object({
    kind: z.literal('closed'),
    port: z.number(),
    connections: z.number().min(1),
    seconds: z.number().positive(),
  }),
  z.object({
    kind: z.literal('open'),
    port: z.number(),
    connections: z.number().min(1),
    seconds: z.number().positive(),
    perSecond: z.number().positive(),
  }),
]);
export type LoadQuestion = z.infer<typeof loadQuestion>;

/** What a round of load came to. Times in milliseconds. */
export const loadFigures = z.object({
  /** All of them, with those that were still under way when the time was up. */
  completed: z.number(),
  perSecond: z.number(),
  mean: z.number(),
  p50: z.number(),
  p99: z.number(),
  /** Answers that were not the expected ones. */
  wrong: z.number(),
  /** The share of the time in which the load generator had work to do. */
  clientBusy: z.number(),
});
export type LoadFigures = z.infer<typeof loadFigures>;
