import { z } from 'zod';

export const parquetSettings = z.strictObject({
  folder: z
    .string()
    .regex(/^\/[^*?[\]\p{Cc}]{0,1023}$/u, 'an absolute path without the characters * ? [ ]')
    .describe('Absolute path of the folder that holds the datasets'),
  memoryLimitMegabytes: z
    .int()
    .min(64)
    .max(65_536)
    .default(256)
    .describe('What DuckDB may use before it spills'),
  threads: z.int().min(1).max(64).default(2),
});

export type ParquetSettings = z.infer<typeof parquetSettings>;
