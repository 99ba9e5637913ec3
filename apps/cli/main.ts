import { Command } from 'commander';
import { loadConfig } from '#platform/config';
import { consentsCommand } from './consents/commands.js';
import { runDemo } from './demo.js';
import { runMigrate } from './migrate.js';
import { runOperatorKey } from './operator-key.js';
import { policyCommand } from './policy/commands.js';
import { requestsCommand } from './requests/commands.js';
import { atTerminal } from './terminal.js';
import { runStart } from './run-start.js';

const program = new Command('lethe')
  .description(
    'A self-hosted privacy and consent control plane: people decide, stores obey, a public ledger proves it.',
  )
  .showHelpAfterError();

program
  .command('start')
  .description('run the whole system here: API, worker and, unless DATABASE_URL names one, PostgreSQL')
  .option('-v, --verbose', 'show the logs here instead of writing them into the data folder')
  .action((options: { verbose?: boolean }) =>
    atTerminal((context) => runStart(context, options.verbose === true)),
  );

program
  .command('demo')
  .description('do the main job on real signals and print what happened; --help tells the options')
  .helpOption(false)
  .option('-v, --verbose', 'show the logs here as well')
  .allowExcessArguments()
  .allowUnknownOption()
  .action((options: { verbose?: boolean }, command: Command) =>
    atTerminal((context) => runDemo(context, command.args, options.verbose === true)),
  );

program
  .command('migrate')
  .description('bring the PostgreSQL of DATABASE_URL up to date, to run API and worker apart')
  .option('--process-env <file>', 'write the login URLs of API and worker there')
  .option('--operator-key <file>', "issue an operator's key there, unless the file exists")
  .action((options: { processEnv?: string; operatorKey?: string }) =>
    atTerminal(({ say }) => runMigrate(loadConfig(), options, say)),
  );

program
  .command('operator-key')
  .description(
    "issue an operator's key, printed this once, in the PostgreSQL of DATABASE_URL or the data folder",
  )
  .argument('[name]', 'whose it is, for people to tell keys apart')
  .option('--revoke <prefix>', 'revoke the key lethe_<prefix>_... instead')
  .action((name: string | undefined, options: { revoke?: string }) =>
    atTerminal(({ say }) => runOperatorKey(loadConfig(), { name, ...options }, say)),
  );

program
  .command('verify')
  .description('check receipts and exports offline; exit code 0 only if all of them hold')
  .argument('<files...>', 'files that Lethe issued')
  .option('--key <verifier key>', "the log's published key, to trust instead of the one in the file")
  .option('--json', 'one JSON line per file')
  .option('--quiet', 'only what does not hold, and the count')
  .action((files: string[], options: { key?: string; json?: boolean; quiet?: boolean }) =>
    // Loaded here only: the other commands have no use for the ledger's code.
    atTerminal(async ({ say }) => (await import('./verify.js')).runVerify(files, options, say)),
  );

program.addCommand(policyCommand());
program.addCommand(consentsCommand());
program.addCommand(requestsCommand());

await program.parseAsync();
