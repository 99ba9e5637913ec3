import { fork, type ChildProcess } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { childEnvironment, loadConfig, type Config } from '#platform/config';
import { startSystem, type RunningSystem } from './start.js';
import type { Terminal } from './terminal.js';

/** What the demonstration tells us, in this order: it may start, it has exported its files, it has ended. */
type News =
  | { readonly ready: true }
  | { readonly exported: true }
  | {
      readonly ended: {
        readonly ok: boolean;
        readonly once: boolean;
        readonly tenant: string;
        readonly keyFile: string;
      };
    };

/**
 * `lethe demo`: the whole system, and the demonstration as a program that talks to it as any host application would.
 * The demonstration checks its input before anything starts, and verifies what it exported while nothing runs.
 */
export async function runDemo(
  { say, interrupted }: Terminal,
  args: readonly string[],
  verbose: boolean,
): Promise<number> {
  const config = loadConfig();
  const demo = new Demonstration(args, config);
  void interrupted.then(() => {
    demo.stop();
  });
  if ((await demo.next('ready')) === undefined) return demo.exitCode;
  const first = await startSystem(config, { verbose, report: say });
  try {
    demo.send({ system: await describe(first) });
    if ((await demo.next('exported')) === undefined) return demo.exitCode;
  } finally {
    await first.stop();
  }
  demo.send({ stopped: true });
  const end = await demo.next('ended');
  if (end === undefined || !('ended' in end)) return demo.exitCode;
  const { ok, once, tenant, keyFile } = end.ended;
  if (once || !ok) return ok ? 0 : 1;
  return serve({ say, interrupted }, config, verbose, { tenant, keyFile });
}

/** Starts again what was stopped for the verification, and serves until asked to stop. */
async function serve(
  { say, interrupted }: Terminal,
  config: Config,
  verbose: boolean,
  made: { readonly tenant: string; readonly keyFile: string },
): Promise<number> {
  const system = await startSystem(config, { verbose, report: say });
  for (const line of invitation(system.url, made)) say(line);
  const failure = await Promise.race([system.failed, interrupted.then(() => null)]);
  say(failure === null ? 'Stopping…' : failure.message);
  await system.stop();
  return failure === null ? 0 : 1;
}

function invitation(
  url: string,
  made: { readonly tenant: string; readonly keyFile: string },
): readonly string[] {
  const key = `-H "Authorization: Bearer $(cat '${made.keyFile}')"`;
  const json = "-H 'Content-Type: application/json'";
  return [
    '',
    `Lethe keeps serving at ${url} (API reference: ${url}/docs). Press Ctrl-C to stop.`,
    `  the demo's key   ${made.keyFile}`,
    '',
    'Try:',
    `  curl -s ${url}/v1/stores ${key}`,
    `  curl -s ${url}/v1/decisions ${key} ${json} -d '{"subject":{"type":"account_id","value":"999"},"purpose":"recommendations"}'`,
    `  curl -s ${url}/ledger/${made.tenant}/checkpoint`,
    '',
  ];
}

async function describe(system: RunningSystem) {
  return {
    url: system.url,
    databaseUrl: system.databaseUrl,
    folder: system.dataFolder,
    operatorKey: (await readFile(system.operatorKeyFile, 'utf8')).trim(),
  };
}

/** The demonstration's process: news come in, go-aheads go out. */
class Demonstration {
  private readonly child: ChildProcess;
  private readonly inbox: News[] = [];
  private wake: () => void = () => undefined;
  private gone = false;
  /** What it ended with; 1 while it has not. */
  exitCode = 1;

  constructor(args: readonly string[], config: Config) {
    const env = childEnvironment({ LETHE_DATA: config.dataFolder });
    this.child = fork(join(import.meta.dirname, '..', 'demo', 'main.js'), args, { env, stdio: 'inherit' });
    this.child.on('message', (message) => {
      if (isNews(message)) this.inbox.push(message);
      this.wake();
    });
    this.child.once('exit', (code) => {
      this.exitCode = code ?? 1;
      this.gone = true;
      this.wake();
    });
  }

  /** The next news, which must be of this kind; undefined when the process ended instead (it has said why). */
  async next(kind: string): Promise<News | undefined> {
    for (;;) {
      const news = this.inbox.shift();
      if (news !== undefined) return kind in news ? news : undefined;
      if (this.gone) return undefined;
      await new Promise<void>((resolve) => {
        this.wake = resolve;
      });
    }
  }

  send(message: object): void {
    if (this.child.connected) this.child.send(message);
  }

  stop(): void {
    this.child.kill('SIGTERM');
  }
}

function isNews(message: unknown): message is News {
  return (
    typeof message === 'object' &&
    message !== null &&
    ('ready' in message || 'exported' in message || 'ended' in message)
  );
}
