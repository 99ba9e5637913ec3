import Table from 'cli-table3';
import type { Paint } from '../paint.js';
import type { Preview } from './requests-api.js';

type Part = NonNullable<Preview['parts']>[number];

const actions: Readonly<Record<Part['action'], string>> = {
  erase: 'erase',
  held: 'held',
  retained: 'retained',
  unsupported: 'not done',
};

/** A preview as a person reads it: what would go, what would stay and why, and what is not known. */
export function renderPreview(preview: Preview, paint: Paint): readonly string[] {
  const { parts, totals, people, asOf } = preview;
  if (parts === null || totals === null)
    return [`The stores are still being counted: preview ${preview.id}.`];
  const title = paint.strong(
    `A deletion of ${number(people)} ${people === 1 ? 'person' : 'people'}: what was collected up to ${asOf}`,
  );
  if (parts.length === 0) return [title, 'Nothing is registered that it would touch.'];
  const table = new Table({
    head: ['store', 'dataset', 'action', 'people', 'with rows', 'rows', 'why'],
    style: { head: [], border: [] },
    colAligns: ['left', 'left', 'left', 'right', 'right', 'right', 'left'],
  });
  for (const part of parts) {
    const { store, dataset, action, people: about, found } = part;
    const color = action === 'erase' ? paint.removed : paint.changed;
    table.push([store, dataset, color(actions[action]), about, found ?? '?', rowsOf(part), why(part)]);
  }
  return [title, table.toString(), paint.strong(summary(totals)), ...failure(preview, paint)];
}

function rowsOf({ rows, exact }: Part): string {
  if (rows === null) return '?';
  return exact ? number(rows) : `at least ${number(rows)}`;
}

function why({ error, legalBasis, retainedUntil, hold, note }: Part): string {
  return [
    error === null ? null : `could not be counted: ${error}`,
    legalBasis,
    retainedUntil === null ? null : `until ${retainedUntil}`,
    hold === null ? null : `hold ${hold}`,
    note,
  ]
    .filter((one) => one !== null)
    .join('\n');
}

function summary({ erase, held, retained, unsupported, exact }: NonNullable<Preview['totals']>): string {
  const total = (rows: number | null) => (rows === null ? 'an unknown number of' : number(rows));
  const about = exact || erase === null ? '' : 'at least ';
  const sentence = `${about}${total(erase)} rows would be erased; ${total(held)} are held, ${total(retained)} retained, and ${total(unsupported)} cannot be erased.`;
  return `${sentence.slice(0, 1).toUpperCase()}${sentence.slice(1)}`;
}

function failure({ state }: Preview, paint: Paint): readonly string[] {
  return state === 'failed'
    ? [paint.removed('Not everything could be counted: look at the stores, and ask again.')]
    : [];
}

function number(count: number): string {
  return count.toLocaleString('en');
}
