import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

const nothing = Buffer.alloc(0);
const endOfHead = '\r\n\r\n';

export type Answered = (status: number, body: Buffer) => void;

/**
 * One keep-alive connection that sends ready-made HTTP/1.1 requests, one at a time. It reads as much of an answer as our
 * API sends, status, length and body, and nothing else: a client that is as dear as the server would be what is measured.
 */
export class HttpConnection {
  private received: Buffer = nothing;
  private answered: Answered | undefined;

  private constructor(
    private readonly socket: Socket,
    private readonly failed: (error: Error) => void,
  ) {
    socket.setNoDelay(true);
    socket.on('data', (chunk) => {
      this.read(chunk);
    });
    socket.on('error', failed);
    socket.on('close', () => {
      if (this.answered !== undefined) failed(new Error('the server closed the connection'));
    });
  }

  static async open(port: number, failed: (error: Error) => void): Promise<HttpConnection> {
    const socket = connect(port, '127.0.0.1');
    await once(socket, 'connect');
    return new HttpConnection(socket, failed);
  }

  send(request: Buffer, answered: Answered): void {
    this.answered = answered;
    this.socket.write(request);
  }

  close(): void {
    this.answered = undefined;
    this.socket.destroy();
  }

  private read(chunk: Buffer): void {
    const bytes = this.received.length === 0 ? chunk : Buffer.concat([this.received, chunk]);
    this.received = bytes;
    const end = bytes.indexOf(endOfHead);
    if (end < 0) return;
    const head = bytes.toString('latin1', 0, end);
    const length = /\r\ncontent-length: (\d+)/i.exec(head)?.[1];
    if (length === undefined) {
      this.failed(new Error('an answer does not say how long it is'));
      return;
    }
    const body = end + endOfHead.length;
    const whole = body + Number(length);
    if (bytes.length < whole) return;
    this.received = nothing;
    const { answered } = this;
    this.answered = undefined;
    answered?.(Number(head.slice(9, 12)), bytes.subarray(body, whole));
  }
}
