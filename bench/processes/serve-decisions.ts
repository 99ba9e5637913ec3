import 'reflect-metadata';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { z } from 'zod';
import { Caller } from '#access';
import { tenantId } from '#kernel';
import { Log } from '#platform/telemetry';
import { createApi } from '../../apps/api/create-api.js';
import { serveQuestion } from '../access/decisions-server.js';
import { UncheckedCaller, UnguardedApiModule } from '../access/unguarded-api.js';
import { apiConfig } from '../api-config.js';
import { answerParent } from '../child.js';

let api: NestFastifyApplication | undefined;

answerParent(
  async (message) => {
    const question = serveQuestion.parse(message);
    if (question.kind === 'usage') {
      const { user, system } = process.cpuUsage();
      return { cpuSeconds: (user + system) / 1e6 };
    }
    api = await serve(question);
    await api.listen({ port: 0, host: '127.0.0.1' });
    return { port: z.object({ port: z.number() }).parse(api.getHttpServer().address()).port };
  },
  async () => api?.close(),
);

function serve(
  question: Extract<z.infer<typeof serveQuestion>, { kind: 'serve' }>,
): Promise<NestFastifyApplication> {
  const config = apiConfig({ ...question, masterKey: Buffer.from(question.masterKey) });
  const log = Log.to('api', config.logLevel);
  if (question.guard) return createApi(config, log);
  const caller = new (question.check ? Caller : UncheckedCaller)({
    tenant: tenantId(question.tenant),
    tenantState: 'active',
    roles: ['administrator'],
    actor: 'key:bench',
    scope: {},
    person: null,
    disclosed: [],
  });
  return createApi(config, log, UnguardedApiModule.with(config, log, caller));
}
