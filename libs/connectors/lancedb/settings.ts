import { z } from 'zod';

export const lancedbSettings = z.strictObject({
  folder: z
    .string()
    .regex(/^\/[^\p{Cc}]{0,1023}$/u, 'an absolute path')
    .describe('Absolute path of the folder that holds the tables'),
});
