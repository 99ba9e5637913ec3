import { mkdirSync, rmSync } from 'node:fs';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { isCommit, isReady, Messages, tooManyConnections, type Message } from './messages.js';

/** What is wrong with a link for a while: answers come late, or new connections hear that there are too many. */
export const weathers = ['slow', 'throttled'] as const;
export type Weather = (typeof weathers)[number];

/**
 * What happens once, to whoever comes next: the connection is cut as soon as COMMIT has been passed on; the server has
 * committed, and that never arrives; half of an answer arrives, and no more.
 */
export const mishaps = ['cut-at-commit', 'cut-after-commit', 'half-answer'] as const;
export type Mishap = (typeof mishaps)[number];

const socketName = '.s.PGSQL.5432';
const slowMilliseconds = 30;

/** A Unix socket between a process of ours and a PostgreSQL, on which connections break as they do on networks. */
export class Link {
  readonly folder: string;
  private readonly server: Server;
  private readonly connections = new Set<Connection>();
  private readonly due: Mishap[] = [];
  private weather: Weather | undefined;
  /** Of those who were hit, what to call when somebody is served again. */
  private readonly hit: (() => void)[] = [];

  constructor(
    folder: string,
    private readonly target: string,
    private readonly begin: (fault: string) => () => void,
  ) {
    this.folder = folder;
    mkdirSync(folder, { recursive: true });
    this.server = createServer((socket) => {
      this.accept(socket);
    });
  }

  async open(): Promise<void> {
    const path = join(this.folder, socketName);
    rmSync(path, { force: true });
    await new Promise<void>((resolve, reject) => {
      this.server.once('error', reject);
      this.server.listen(path, resolve);
    });
  }

  /** The same connection string by way of this link. */
  through(url: string): string {
    return url.replace(encodeURIComponent(this.target), encodeURIComponent(this.folder));
  }

  /** For a while. */
  change(weather: Weather, milliseconds: number): void {
    this.weather = weather;
    const over = this.begin(weather);
    setTimeout(() => {
      this.weather = undefined;
      over();
    }, milliseconds);
  }

  /** Cuts all that is open. */
  cut(): void {
    this.hit.push(this.begin('cut'));
    for (const connection of [...this.connections]) connection.end();
  }

  expect(mishap: Mishap): void {
    this.due.push(mishap);
  }

  /** What has not happened will not. */
  heal(): void {
    this.weather = undefined;
    this.due.length = 0;
  }

  async close(): Promise<void> {
    for (const connection of [...this.connections]) connection.end();
    await new Promise<void>((resolve) =>
      this.server.close(() => {
        resolve();
      }),
    );
  }

  private accept(socket: Socket): void {
    if (this.weather === 'throttled') {
      socket.on('error', () => undefined);
      // It asks who is there before it is told that there is no place.
      socket.once('data', () => socket.end(tooManyConnections()));
      return;
    }
    const connection = new Connection(socket, connect(join(this.target, socketName)), {
      delay: () => (this.weather === 'slow' ? slowMilliseconds : 0),
      take: (mishap) => this.take(mishap),
      served: () => {
        for (const over of this.hit.splice(0)) over();
      },
      ended: () => this.connections.delete(connection),
    });
    this.connections.add(connection);
  }

  private take(mishap: Mishap): boolean {
    const index = this.due.indexOf(mishap);
    if (index < 0) return false;
    this.due.splice(index, 1);
    this.hit.push(this.begin(mishap));
    return true;
  }
}

interface Fate {
  delay(): number;
  /** Whether the mishap is this connection's. */
  take(mishap: Mishap): boolean;
  served(): void;
  ended(): void;
}

/** One connection, both ways. */
class Connection {
  private readonly asked = new Messages(true);
  private readonly answered = new Messages(false);
  /** Set when an answer must not arrive; the connection is cut once the server is done. */
  private swallowing = false;
  private halving = false;

  constructor(
    private readonly client: Socket,
    private readonly server: Socket,
    private readonly fate: Fate,
  ) {
    client.on('data', (chunk: Buffer) => {
      for (const message of this.asked.push(chunk)) this.ask(message);
    });
    server.on('data', (chunk: Buffer) => {
      this.answer(chunk);
    });
    for (const socket of [client, server]) {
      socket.on('error', () => undefined);
      socket.on('close', () => {
        this.end();
      });
    }
  }

  end(): void {
    this.client.destroy();
    this.server.destroy();
    this.fate.ended();
  }

  private ask(message: Message): void {
    if (isCommit(message)) {
      if (this.fate.take('cut-at-commit')) {
        this.client.destroy();
        // The server reads it to its end, whoever is there to hear the answer.
        this.server.end(message.bytes);
        return;
      }
      this.swallowing = this.fate.take('cut-after-commit');
    } else if (message.type === 'S' || message.type === 'Q') this.halving = this.fate.take('half-answer');
    this.server.write(message.bytes);
  }

  private answer(chunk: Buffer): void {
    const messages = this.answered.push(chunk);
    if (this.swallowing) {
      if (messages.some(isReady)) this.end();
      return;
    }
    if (this.halving) {
      this.client.write(chunk.subarray(0, Math.floor(chunk.length / 2)), () => {
        this.end();
      });
      return;
    }
    this.fate.served();
    const delay = this.fate.delay();
    if (delay === 0) this.client.write(chunk);
    else setTimeout(() => this.client.write(chunk), delay);
  }
}
