/** One message of PostgreSQL's protocol, version 3: its type (empty for the first, which has none) and all of its bytes. */
export interface Message {
  readonly type: string;
  readonly bytes: Buffer;
}

/** Cuts a stream of PostgreSQL's protocol into messages. */
export class Messages {
  private rest: Buffer = Buffer.alloc(0);

  /** A client begins with a message that has no type. */
  constructor(private first: boolean) {}

  push(chunk: Buffer): readonly Message[] {
    this.rest = Buffer.concat([this.rest, chunk]);
    const found: Message[] = [];
    for (;;) {
      const typed = this.first ? 0 : 1;
      if (this.rest.length < typed + 4) return found;
      const length = typed + this.rest.readInt32BE(typed);
      if (this.rest.length < length) return found;
      found.push({
        type: this.rest.toString('latin1', 0, typed),
        bytes: this.rest.subarray(0, length),
      });
      this.first = false;
      this.rest = this.rest.subarray(length);
    }
  }
}

/** Whether a client's message ends its transaction with success. */
export function isCommit({ type, bytes }: Message): boolean {
  return type === 'Q' && /^commit\b/i.test(bytes.toString('utf8', 5, 12));
}

/** Whether a server's message says that it is done with what it was asked. */
export function isReady({ type }: Message): boolean {
  return type === 'Z';
}

/** What a server says that takes no more connections (SQLSTATE 53300). */
export function tooManyConnections(): Buffer {
  const fields = Buffer.from('SFATAL\0VFATAL\0C53300\0Msorry, too many clients already\0\0', 'latin1');
  const head = Buffer.alloc(5);
  head.write('E', 'latin1');
  head.writeInt32BE(4 + fields.length, 1);
  return Buffer.concat([head, fields]);
}
