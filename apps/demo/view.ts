import { SingleBar } from 'cli-progress';
import Table from 'cli-table3';
import type { Checks } from './report.js';

const plain = !process.stdout.isTTY;
const bold = (text: string) => (plain ? text : `\u001b[1m${text}\u001b[0m`);
const red = (text: string) => (plain ? text : `\u001b[31m${text}\u001b[0m`);
const green = (text: string) => (plain ? text : `\u001b[32m${text}\u001b[0m`);

/** What a person at the terminal sees. */
export const view = {
  heading(text: string): void {
    console.log(`\n${bold(text)}`);
  },

  say(text: string): void {
    console.log(text);
  },

  table(head: readonly string[], rows: readonly (readonly (string | number)[])[]): void {
    const table = new Table({ head: [...head], style: { head: [], border: [] } });
    for (const row of rows)
      table.push(
        row.map((cell) =>
          typeof cell === 'number' ? { content: cell.toLocaleString('en'), hAlign: 'right' as const } : cell,
        ),
      );
    console.log(table.toString());
  },

  checks(checks: Checks): void {
    for (const { name, expected, found, ok } of checks.list) {
      console.log(
        ok
          ? `  ${green('ok')}  ${name}`
          : `  ${red('NOT OK')}  ${name}: expected ${String(expected)}, found ${String(found)}`,
      );
    }
  },

  /** A bar that fills as rows come in; on a terminal that cannot show one, a line at the end. */
  progress(title: string, total: number): { readonly add: (rows: number) => void; readonly end: () => void } {
    let done = 0;
    if (plain) {
      const add = (rows: number) => {
        done += rows;
      };
      const end = () => {
        console.log(`  ${title}: ${done.toLocaleString('en')}`);
      };
      return { add, end };
    }
    const bar = new SingleBar({
      format: `  ${title} {bar} {value}/{total}`,
      hideCursor: true,
      barsize: 30,
      clearOnComplete: false,
    });
    bar.start(total, 0);
    return {
      add: (rows) => {
        bar.increment(rows);
      },
      end: () => {
        bar.stop();
      },
    };
  },
};
