import Table from 'cli-table3';
import type { Plan } from './answers.js';
import type { Paint } from '../paint.js';

type Change = Plan['changes'][number];

/** A plan as a person reads it: what changes, what goes, what is wrong, what to do next. */
export function renderPlan(plan: Plan, paint: Paint): readonly string[] {
  return [
    ...changeLines(plan, paint),
    ...impactLines(plan, paint),
    ...coverageLines(plan, paint),
    ...findingLines('Conflicts', plan.conflicts, paint.removed),
    ...findingLines('Not carried out by this version of Lethe', plan.unenforced, paint.changed),
    ...approvalLines(plan, paint),
    '',
    summary(plan, paint),
  ];
}

/** What differs, as `+`, `~` and `-`. */
export function renderChanges(changes: readonly Change[], paint: Paint): readonly string[] {
  return changes.flatMap((change) => {
    const { section, name, members, origin } = change;
    const sign = { added: '+', changed: '~', removed: '-' }[change.change];
    const color = paint[change.change];
    const place = origin === null ? '' : paint.faint(`  ${originOf(origin)}`);
    const head = `  ${color(`${sign} ${section}/${name}`)}${place}`;
    return change.change === 'removed' ? [head] : [head, ...memberLines(change.change, members)];
  });
}

function memberLines(change: Change['change'], members: Change['members']): readonly string[] {
  const shown = members.filter(
    ({ before, after }) => !(change === 'added' && isEmpty(after) && before === undefined),
  );
  const width = Math.max(0, ...shown.map(({ member }) => member.length));
  return shown.map(({ member, before, after }) => {
    const name = member.padEnd(width);
    if (change === 'changed') return `      ${name}  ${before ?? 'nothing'} -> ${after ?? 'nothing'}`;
    return `      ${name}  ${after ?? before ?? ''}`;
  });
}

/** A member that says nothing: its default. */
function isEmpty(json: string | undefined): boolean {
  return json === '{}' || json === '[]' || json === 'false';
}

function originOf({ file, line, pack }: NonNullable<Change['origin']>): string {
  return pack === undefined ? `${file}:${line}` : `pack ${pack}`;
}

function changeLines(plan: Plan, paint: Paint): readonly string[] {
  const { changes, base, replaced } = plan;
  if (changes.length === 0) return [`Nothing changes: version ${base ?? 0} says the same.`];
  const title = base === null ? 'The first policy' : `Changes to version ${base}`;
  return [
    paint.strong(title),
    ...renderChanges(changes, paint),
    ...replaced.map((name) => paint.faint(`  ${name} takes the place of a pack's`)),
  ];
}

function impactLines({ impact, createdAt, effectiveAt }: Plan, paint: Paint): readonly string[] {
  if (impact.length === 0) return ['', 'No rule removes rows of anything that is registered.'];
  const table = new Table({
    head: ['store', 'dataset', 'rows', 'due', 'already', 'newly', 'rules'],
    style: { head: [], border: [] },
    colAligns: ['left', 'left', 'right', 'right', 'right', 'right', 'left'],
  });
  for (const one of impact) {
    const { store, dataset, rows, due, dueAlready, byRule, error } = one;
    if (error !== null) {
      table.push([store, dataset, { colSpan: 5, content: `could not be counted: ${error}`, hAlign: 'left' }]);
      continue;
    }
    const newly = (due ?? 0) - (dueAlready ?? 0);
    const rules = byRule.map((each) => `${each.rule} ${number(each.rows)}`).join('\n');
    table.push([
      store,
      dataset,
      number(rows),
      number(due),
      number(dueAlready),
      newly > 0 ? paint.removed(number(newly)) : '0',
      rules,
    ]);
  }
  const when = effectiveAt === null ? `as of ${createdAt}` : `as of ${effectiveAt}, among the rows of now`;
  return [
    '',
    paint.strong(`Rows that retention removes, ${when}`),
    table.toString(),
    ...impact.flatMap(asideLines),
  ];
}

/** Of which fields rows are made, and what no rule reaches. */
function asideLines({
  store,
  dataset,
  fields,
  undated,
  unknownPurpose,
}: Plan['impact'][number]): readonly string[] {
  const aside = (count: number | null, what: string) =>
    count === null || count === 0 ? [] : [`  ${store}/${dataset}: ${number(count)} rows ${what}`];
  return [
    `  ${store}/${dataset}: whole rows (${fields.join(', ')})`,
    ...aside(undated, 'without a date, which no rule ever reaches'),
    ...aside(
      unknownPurpose,
      'for a purpose that this policy does not know, which no rule by purpose reaches',
    ),
  ];
}

function coverageLines({ coverage }: Plan, paint: Paint): readonly string[] {
  const { fields, uncovered } = coverage;
  const share = fields === 0 ? 100 : Math.floor(((fields - uncovered.length) / fields) * 100);
  return [
    '',
    `Coverage: ${fields - uncovered.length} of ${fields} registered fields have their rules (${share} %).`,
    ...uncovered.map(({ store, dataset, field, lacks }) =>
      paint.removed(`  ${store}/${dataset}/${field} has no rule of ${lacks.join(' and of ')}`),
    ),
  ];
}

function findingLines(
  title: string,
  findings: Plan['conflicts'],
  paint: (text: string) => string,
): readonly string[] {
  if (findings.length === 0) return [];
  return [
    '',
    paint(`${title}:`),
    ...findings.map(({ store, dataset, fields, rules, message }) => {
      const place = [store, dataset, fields?.join(', ') ?? ''].filter((part) => part !== '').join('/');
      return `  ${[place, rules.join(', ')].filter((part) => part !== '').join('  ')}\n      ${message}`;
    }),
  ];
}

function approvalLines({ approval }: Plan, paint: Paint): readonly string[] {
  if (!approval.needed) return [];
  const state =
    approval.by === null ? 'needs the approval of a second person' : `was approved by ${approval.by}`;
  return ['', paint.changed(`This plan ${state}:`), ...approval.reasons.map((reason) => `  ${reason}`)];
}

function summary({ state, changes, impact, version }: Plan, paint: Paint): string {
  if (state === 'refused') return paint.removed('This policy does not apply.');
  if (state === 'applied') return `This plan was applied: it is version ${version ?? 0}.`;
  const count = (kind: Change['change']) => changes.filter(({ change }) => change === kind).length;
  const newly = impact.reduce((sum, { due, dueAlready }) => sum + (due ?? 0) - (dueAlready ?? 0), 0);
  return paint.strong(
    `Plan: ${count('added')} to add, ${count('changed')} to change, ${count('removed')} to remove; ${number(newly)} rows newly due.`,
  );
}

function number(count: number | null): string {
  return (count ?? 0).toLocaleString('en');
}
