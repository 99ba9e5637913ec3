import { z } from 'zod';

export const postgresSettings = z.strictObject({
  url: z
    .string()
    .max(2_048)
    .refine(isPostgresUrl, 'must be a URL postgresql://user:password@host:port/database')
    .describe('Connection URL; secret'),
  rewriteUpToMegabytes: z
    .int()
    .min(0)
    .max(1_048_576)
    .default(256)
    .describe('Compaction locks a table while it rewrites it; larger ones are left to their owner'),
});

/** `host:port/database`, without user and password; a socket folder given as `?host=` stands for the host. */
export function endpointOf(url: string): string {
  const { hostname, port, pathname, searchParams } = new URL(url);
  const host = searchParams.get('host') ?? decodeURIComponent(hostname);
  const name = host === '' ? 'localhost' : host.startsWith('/') ? host : host.toLowerCase();
  return `${name}:${port === '' ? '5432' : port}${pathname}`;
}

function isPostgresUrl(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { protocol, pathname } = new URL(text);
  return (protocol === 'postgresql:' || protocol === 'postgres:') && pathname.length > 1;
}
