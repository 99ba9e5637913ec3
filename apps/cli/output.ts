import { createInterface } from 'node:readline/promises';
import { SingleBar } from 'cli-progress';
import { paintFor, plain, type Paint } from './paint.js';

/** Where a command's answer goes. */
export interface Output {
  readonly say: (line: string) => void;
  readonly paint: Paint;
  /** With `--json`: takes the one document that is printed, and then nothing else is. */
  readonly json: ((value: unknown) => void) | undefined;
  /** How far counting is; a bar, on a terminal. */
  readonly progress: (done: number, of: number) => void;
  /** What somebody types on a terminal; undefined where there is none. */
  readonly ask: ((question: string) => Promise<string>) | undefined;
}

export function terminalOutput(say: (line: string) => void, json: boolean): Output {
  const isTerminal = process.stdin.isTTY && process.stdout.isTTY;
  return {
    say: json ? () => undefined : say,
    paint: json ? plain : paintFor(process.stdout),
    json: json
      ? (value) => {
          say(JSON.stringify(value, null, 2));
        }
      : undefined,
    progress: process.stderr.isTTY && !json ? progressBar() : () => undefined,
    ask: isTerminal && !json ? askAtTerminal : undefined,
  };
}

/** Shown while there is something to wait for, on the stream that no answer goes to. */
function progressBar(): Output['progress'] {
  let bar: SingleBar | undefined;
  return (done, of) => {
    if (done >= of) {
      bar?.update(done);
      bar?.stop();
      bar = undefined;
      return;
    }
    if (bar === undefined) {
      bar = new SingleBar({
        format: 'counting {bar} {value}/{total} datasets',
        hideCursor: true,
        barsize: 30,
        clearOnComplete: true,
      });
      bar.start(of, done);
    }
    bar.update(done);
  };
}

async function askAtTerminal(question: string): Promise<string> {
  const terminal = createInterface({ input: process.stdin, output: process.stdout });
  try {
    return await terminal.question(question);
  } finally {
    terminal.close();
  }
}
