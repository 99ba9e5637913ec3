import { Command, Option } from 'commander';
import { connected, type Connection } from '../connected.js';
import { withOutput } from '../terminal.js';
import type { ExportOptions } from './export-consents.js';
import type { ImportOptions } from './import-consents.js';

type Connected = Connection & { readonly json?: boolean };

/** `lethe consents ...`. What a command needs is loaded when it runs: the other commands have no use for it. */
export function consentsCommand(): Command {
  const command = new Command('consents').description('consents in bulk: bring them in, take them away');
  connected(command.command('import'))
    .description(
      'record what a file of any size says; exit code 0 when every row is recorded, 2 when some were rejected, 1 when it failed',
    )
    .argument('<file>', 'NDJSON, or CSV with a header; - for standard input')
    .addOption(formatOption())
    .option(
      '--rejects <file>',
      'where each rejected row goes, with its line and why; otherwise <file>.rejects.ndjson',
    )
    .option(
      '--idempotency-key <key>',
      'under which rows may be sent again and are recorded once; otherwise made from what the file holds',
    )
    .action((file: string, options: Connected & Omit<ImportOptions, 'file'>) =>
      withOutput(options, async (output, interrupted) => {
        const { runImport } = await import('./import-consents.js');
        return runImport(await open(options), { ...options, file }, output, interrupted);
      }),
    );
  connected(command.command('export'))
    .description('take away what holds for everybody, by name')
    .argument('[file]', 'replaced once the export is whole; standard output, unless given')
    .addOption(formatOption())
    .action((file: string | undefined, options: Connected & Omit<ExportOptions, 'file'>) =>
      withOutput(options, async (output, interrupted) => {
        const { runExport } = await import('./export-consents.js');
        return runExport(await open(options), { ...options, file: file ?? '-' }, output, interrupted);
      }),
    );
  return command;
}

function formatOption(): Option {
  return new Option('--format <format>', 'where the name does not end in .ndjson, .jsonl or .csv').choices([
    'ndjson',
    'csv',
  ]);
}

async function open(options: Connected) {
  const { BulkApi } = await import('./bulk-api.js');
  return BulkApi.open(options);
}
