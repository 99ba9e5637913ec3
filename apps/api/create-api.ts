import { Readable } from 'node:stream';
import type { DynamicModule } from '@nestjs/common';
import { DiscoveryService, MetadataScanner, NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { DocumentBuilder, SwaggerModule } from '@nestjs/swagger';
import { errorCodes, type FastifyReply } from 'fastify';
import type { ProcessConfig } from '#platform/config';
import { Log, Metrics } from '#platform/telemetry';
import { ApiModule } from './api.module.js';
import { DecisionsController } from './decisions/decisions.controller.js';
import { decisionRoutes } from './decisions/hot-routes.js';
import { requireBounded } from './http/bounded-body.js';
import { checkRoutes } from './http/check-routes.js';
import { HotRoutes } from './http/hot-routes.js';
import { problemSchema, replyWithProblem } from './http/problem.filter.js';

/** The one route that takes files. */
const importRoute = '/v1/consents/import';
/** Bodies are bounded: a batch of 10,000 identifiers fits, and little more. */
const largestBody = 4 * 1_048_576;

/** Builds the HTTP application without listening; tests, main and benchmarks share it. */
export async function createApi(
  config: ProcessConfig,
  log: Log,
  module: DynamicModule = ApiModule.with(config, log),
): Promise<NestFastifyApplication> {
  const adapter = createAdapter();
  const app = await NestFactory.create<NestFastifyApplication>(module, adapter, {
    logger: log,
    abortOnError: false,
    // Only JSON and YAML are read; a form or a text is 415.
    bodyParser: false,
  });
  checkRoutes(app.get(DiscoveryService), app.get(MetadataScanner));
  observe(app, log, app.get(Metrics));
  document(app);
  new HotRoutes(app, decisionRoutes(app.get(DecisionsController, { strict: false })), largestBody).install();
  app.enableShutdownHooks(['SIGTERM', 'SIGINT']);
  return app;
}

function createAdapter(): FastifyAdapter {
  const adapter = new FastifyAdapter({
    bodyLimit: largestBody,
    trustProxy: false,
    genReqId: () => crypto.randomUUID(),
    // A path parameter too long to be one of ours is an unknown one: 404.
    routerOptions: { maxParamLength: 1_024 },
    frameworkErrors: (error: Error, _request: unknown, reply: FastifyReply) => {
      replyWithProblem(error, reply);
    },
  });
  const fastify = adapter.getInstance();
  fastify.removeContentTypeParser('text/plain');
  // A YAML document may be the body itself, so that a file can be sent as it is.
  fastify.addContentTypeParser(
    ['application/yaml', 'text/yaml'],
    { parseAs: 'string' },
    (_request, body, done) => {
      done(null, { document: body });
    },
  );
  // Files of any length are read as they arrive, and nothing of them is kept.
  fastify.addContentTypeParser(['application/x-ndjson', 'text/csv'], (_request, body, done) => {
    done(null, body);
  });
  fastify.addHook('preValidation', (request, _reply, done) => {
    if (!(request.body instanceof Readable)) requireBounded(request.body);
    else if (request.routeOptions.url !== importRoute) throw new errorCodes.FST_ERR_CTP_INVALID_MEDIA_TYPE();
    done();
  });
  return adapter;
}

/** One log line and one metric per request that does not go the short way; the route's pattern, never its values. */
function observe(app: NestFastifyApplication, log: Log, metrics: Metrics): void {
  app
    .getHttpAdapter()
    .getInstance()
    .addHook('onResponse', (request, reply, done) => {
      const route = request.routeOptions.url ?? 'none';
      const fields = { method: request.method, route, status: reply.statusCode };
      metrics.requests.observe({ ...fields, status: String(reply.statusCode) }, reply.elapsedTime / 1_000);
      log.info('request', {
        ...fields,
        milliseconds: Math.round(reply.elapsedTime * 10) / 10,
        requestId: request.id,
      });
      done();
    });
}

/** OpenAPI at /docs, its JSON at /docs-json. */
function document(app: NestFastifyApplication): void {
  const builder = new DocumentBuilder()
    .setTitle('Lethe')
    .setDescription('Privacy and consent control plane for AI personalisation.')
    .setVersion('1')
    .addBearerAuth()
    .addGlobalResponse({
      status: 'default',
      description: 'A refusal or a failure (RFC 9457).',
      content: { 'application/problem+json': { schema: problemSchema } },
    });
  SwaggerModule.setup('docs', app, () => SwaggerModule.createDocument(app, builder.build()));
}
