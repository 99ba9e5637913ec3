import { DependencyError, DomainError } from '#kernel';
import type { Output } from './output.js';

export interface Terminal {
  readonly say: (line: string) => void;
  /** Settles when the person, the machine or our own parent wants us to end. */
  readonly interrupted: Promise<void>;
}

/** Runs a command for a person: what goes wrong becomes one sentence and exit code 1. The command answers its exit code. */
export async function atTerminal(command: (terminal: Terminal) => Promise<number>): Promise<void> {
  outliveReader(process.stdout);
  try {
    process.exitCode = await command({
      say: (line) => process.stdout.write(`${line}\n`),
      interrupted: interruption(),
    });
  } catch (error) {
    process.stderr.write(`${sentence(error)}\n`);
    process.exitCode = 1;
  }
  // The channel to whoever started us would keep us alive.
  if (process.connected) process.disconnect();
}

/** Whoever reads our output may have read enough (`| head`): what the command is there for is done all the same. */
export function outliveReader(output: NodeJS.WritableStream): void {
  output.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
  });
}

/** `atTerminal` for a command that answers in words or, with `--json`, in one document. */
export async function withOutput(
  { json }: { readonly json?: boolean },
  command: (output: Output, interrupted: Promise<void>) => Promise<number>,
): Promise<void> {
  await atTerminal(async ({ say, interrupted }) => {
    const { terminalOutput } = await import('./output.js');
    return command(terminalOutput(say, json === true), interrupted);
  });
}

/** Ctrl-C may come twice, from the terminal and from npm, so the signals after the first say nothing new. */
function interruption(): Promise<void> {
  return new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
      process.on(signal, () => {
        resolve();
      });
    process.once('disconnect', resolve);
  });
}

function sentence(error: unknown): string {
  if (error instanceof DomainError || error instanceof DependencyError) return error.message;
  return `This is a fault of Lethe itself: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`;
}
