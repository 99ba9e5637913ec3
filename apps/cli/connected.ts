import { Option, type Command } from 'commander';

/** Where the API is and who asks. */
export interface Connection {
  readonly url: string;
  /** A file with the key, which takes the place of LETHE_KEY. */
  readonly keyFile?: string;
  readonly key?: string;
}

/** Gives a command that talks to the API its options. */
export function connected(command: Command): Command {
  return command
    .addOption(
      new Option('--url <url>', 'where the API is').env('LETHE_URL').default('http://localhost:3000'),
    )
    .option('--key-file <file>', 'a file that holds the key; otherwise LETHE_KEY does')
    .addOption(new Option('--key <key>').env('LETHE_KEY').hideHelp())
    .option('--json', 'one JSON document');
}
