import type {
  IncomingHttpHeaders,
  IncomingMessage,
  OutgoingHttpHeaders,
  RequestListener,
  Server,
  ServerResponse,
} from 'node:http';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { Caller } from '#access';
import { Metrics } from '#platform/telemetry';
import { AdmitCaller } from './admit-caller.js';
import type { Requirement } from './requires.js';

/** A route that is asked thousands of times a second: `POST`, JSON both ways, and nothing changes by it. */
export interface HotRoute {
  readonly path: string;
  readonly requirement: Requirement;
  /** Throws, or rejects with, whatever the usual way would make a problem of. */
  readonly answer: (caller: Caller, body: unknown, headers: IncomingHttpHeaders) => object | Promise<object>;
}

interface Ready extends HotRoute {
  readonly operation: string;
  readonly observe: (seconds: number) => void;
}

const json = /^application\/json(?:; ?charset=utf-8)?$/i;

/**
 * A short way for the hot routes, past the framework, which costs more than a decision: what is plain sailing is answered here.
 * Whatever is not (a fault in the body, a caller who may not, anything thrown) goes the usual way as if it had just come, and is
 * answered, logged and counted there. So both ways answer alike; a test holds them to it.
 */
export class HotRoutes {
  private readonly routes: ReadonlyMap<string, Ready>;
  private readonly admit: AdmitCaller;
  private closing = false;

  constructor(
    private readonly app: NestFastifyApplication,
    routes: readonly HotRoute[],
    private readonly largestBody: number,
  ) {
    const metrics = app.get(Metrics);
    this.admit = app.get(AdmitCaller);
    this.routes = new Map(routes.map((route) => [route.path, ready(route, metrics)]));
  }

  /** Comes before whoever listens to the server now. */
  install(): void {
    const server: Server = this.app.getHttpServer();
    const usual = server.listeners('request').filter(isListener);
    server.removeAllListeners('request');
    server.on('request', (request, response) => {
      const route = this.routes.get(request.url ?? '');
      if (route === undefined || this.closing || !isPlain(request, this.largestBody))
        for (const listener of usual) listener(request, response);
      else this.take(route, request, response);
    });
    this.app
      .getHttpAdapter()
      .getInstance()
      .addHook('preClose', (done) => {
        this.closing = true;
        done();
      });
  }

  private take(route: Ready, request: IncomingMessage, response: ServerResponse): void {
    const began = performance.now();
    const chunks: Buffer[] = [];
    const answered = (answer: object) => {
      send(response, 200, { 'content-type': 'application/json; charset=utf-8' }, JSON.stringify(answer));
      route.observe((performance.now() - began) / 1_000);
    };
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const [first] = chunks;
      const text = (chunks.length === 1 && first !== undefined ? first : Buffer.concat(chunks)).toString(
        'utf8',
      );
      const otherwise = () => void this.goTheUsualWay(request, text, response);
      try {
        const answer = this.answer(route, request.headers, text);
        if (answer instanceof Promise) answer.then(answered, otherwise);
        else answered(answer);
      } catch {
        otherwise();
      }
    });
  }

  /** At once where everything is in memory: every wait costs more than a decision. */
  private answer(route: Ready, headers: IncomingHttpHeaders, text: string): object | Promise<object> {
    // What PostgreSQL could not store is refused with its place, the usual way.
    if (text.includes(String.raw`\u0000`)) throw new RangeError('a NUL character');
    const body: unknown = JSON.parse(text);
    const { operation, requirement } = route;
    const caller = this.admit.remembered(headers, operation, requirement);
    return caller === undefined
      ? this.admit.execute(headers, operation, requirement).then((late) => route.answer(late, body, headers))
      : route.answer(caller, body, headers);
  }

  private async goTheUsualWay(
    request: IncomingMessage,
    payload: string,
    response: ServerResponse,
  ): Promise<void> {
    try {
      const { url = '', headers } = request;
      const answer = await this.app.inject({ method: 'POST', url, headers, payload });
      send(response, answer.statusCode, answer.headers, answer.payload);
    } catch {
      response.destroy();
    }
  }
}

function ready({ path, requirement, answer }: HotRoute, metrics: Metrics): Ready {
  const timer = metrics.requests.labels('POST', path, '200');
  const observe = (seconds: number) => {
    timer.observe(seconds);
  };
  return { path, requirement, answer, operation: `POST ${path}`, observe };
}

/** Whether a request is what every client of ours sends: a JSON body of a known length, as it is. */
function isPlain({ method, headers }: IncomingMessage, largestBody: number): boolean {
  return (
    method === 'POST' &&
    json.test(headers['content-type'] ?? '') &&
    Number(headers['content-length']) <= largestBody &&
    headers['transfer-encoding'] === undefined &&
    headers['content-encoding'] === undefined
  );
}

function send(response: ServerResponse, status: number, headers: OutgoingHttpHeaders, text: string): void {
  response.writeHead(status, { ...headers, 'content-length': Buffer.byteLength(text) });
  response.end(text);
}

function isListener(listener: unknown): listener is RequestListener {
  return typeof listener === 'function';
}
