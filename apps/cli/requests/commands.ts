import { Command } from 'commander';
import { connected, type Connection } from '../connected.js';
import { withOutput } from '../terminal.js';
import { wholeNumber } from '../whole-number.js';

interface PreviewOptions extends Connection {
  readonly json?: boolean;
  readonly timeout: number;
}

/** `lethe requests ...`. What a command needs is loaded when it runs: the other commands have no use for it. */
export function requestsCommand(): Command {
  const command = new Command('requests').description('deletion requests: see what one would do');
  connected(command.command('preview'))
    .description(
      'count what a deletion of people would erase, and what would stay and why; exit code 0 when all was counted, 1 when not',
    )
    .argument(
      '<people...>',
      'people as type:value, such as email:ann@example.org, and files of them, one a line; - for standard input',
    )
    .option('--timeout <seconds>', 'how long to wait for the counts', wholeNumber, 600)
    .action((people: string[], options: PreviewOptions) =>
      withOutput(options, async (output) => {
        const { RequestsApi } = await import('./requests-api.js');
        const { runPreview } = await import('./preview.js');
        return runPreview(await RequestsApi.open(options), { people, timeout: options.timeout }, output);
      }),
    );
  return command;
}
