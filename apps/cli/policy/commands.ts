import { Command } from 'commander';
import { connected, type Connection } from '../connected.js';
import { withOutput } from '../terminal.js';
import { wholeNumber } from '../whole-number.js';
import type { PlanOptions } from './online.js';

interface Common {
  readonly json?: boolean;
}

type Connected = Common & Connection;
type Planned = Connected & Omit<PlanOptions, 'paths'>;

/** `lethe policy ...`. What a command needs is loaded when it runs: the other commands have no use for it. */
export function policyCommand(): Command {
  const command = new Command('policy').description(
    'policies as documents: check, test, plan and apply them',
  );
  addOffline(command);
  addPlanning(command);
  addReading(command);
  return command;
}

function addOffline(command: Command): void {
  command
    .command('validate')
    .description('check files and folders; needs no server')
    .argument('<paths...>', 'YAML files, and folders of them')
    .option('--json', 'one JSON document')
    .action((paths: string[], options: Common) =>
      withOutput(options, async (output) => (await import('./offline.js')).runValidate(paths, output)),
    );
  command
    .command('test')
    .description('run the cases in *.test.yaml beside the policies; needs no server')
    .argument('<paths...>', 'YAML files, and folders of them')
    .option('--json', 'one JSON document')
    .action((paths: string[], options: Common) =>
      withOutput(options, async (output) => (await import('./offline.js')).runTest(paths, output)),
    );
  command
    .command('schema')
    .description('print the JSON Schema of a policy file, for editors; needs no server')
    .action(() => withOutput({}, async (output) => (await import('./offline.js')).runSchema(output)));
}

function addPlanning(command: Command): void {
  planned(connected(command.command('plan')))
    .description(
      'say what a policy would change, with the rows it would remove; exit code 2 when something changes',
    )
    .argument('[paths...]', 'YAML files, and folders of them')
    .option('--version <number>', 'plan a version of before instead', wholeNumber)
    .action((paths: string[], options: Planned) =>
      withOutput(options, async (output) => {
        const { runPlan } = await import('./online.js');
        return runPlan(await open(options), { ...options, paths }, output);
      }),
    );
  planned(connected(command.command('apply')))
    .description('put a policy in force: a plan that was written before, or one made and asked about now')
    .argument('[paths...]', 'YAML files, and folders of them')
    .option('--plan <file>', 'what lethe policy plan --out wrote')
    .option('--yes', 'do not ask')
    .action((paths: string[], options: Planned & { readonly plan?: string; readonly yes?: boolean }) =>
      withOutput(options, async (output) => {
        const { runApply } = await import('./online.js');
        return runApply(await open(options), { ...options, paths }, output);
      }),
    );
  connected(command.command('approve'))
    .description('approve a plan that somebody else made and that goes beyond the limits')
    .requiredOption('--plan <file>', 'what lethe policy plan --out wrote')
    .requiredOption('--reason <text>', 'why, in 10 to 500 characters; it is kept')
    .action((options: Connected & { readonly plan: string; readonly reason: string }) =>
      withOutput(options, async (output) => {
        const { runApprove } = await import('./online.js');
        return runApprove(await open(options), options.plan, options.reason, output);
      }),
    );
  planned(connected(command.command('rollback')))
    .description('plan and apply a version of before, as the next version')
    .argument('<version>', 'its number', wholeNumber)
    .option('--yes', 'do not ask')
    .action((version: number, options: Planned & { readonly yes?: boolean }) =>
      withOutput(options, async (output) => {
        const { runApply } = await import('./online.js');
        return runApply(await open(options), { ...options, paths: [], version }, output);
      }),
    );
}

function addReading(command: Command): void {
  connected(command.command('diff'))
    .description('what two policies differ in, or one and the policy in force; exit code 2 when they do')
    .argument('<sides...>', 'paths (with commas between them), the number of a version, or current')
    .action((sides: string[], options: Connected) =>
      withOutput(options, async (output) =>
        (await import('./online.js')).runDiff(() => open(options), sides, output),
      ),
    );
  connected(command.command('history'))
    .description('all versions, newest first')
    .action((options: Connected) =>
      withOutput(options, async (output) =>
        (await import('./online.js')).runHistory(await open(options), output),
      ),
    );
}

function planned(command: Command): Command {
  return command
    .option('--effective-at <time>', 'when it takes effect, such as 2027-01-01T00:00:00Z; otherwise at once')
    .option('--out <file>', 'write what apply --plan needs')
    .option('--timeout <seconds>', 'how long to wait for the counts', wholeNumber, 600);
}

async function open(options: Connected) {
  const { PolicyApi } = await import('./policy-api.js');
  return PolicyApi.open(options);
}
