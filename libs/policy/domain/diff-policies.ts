import { sections, type Policy, type Section } from './policy.js';

/** One thing that two policies differ in. */
export interface Change {
  readonly section: Section;
  readonly name: string;
  readonly change: 'added' | 'removed' | 'changed';
  /** Of what was changed, the members that differ, each as JSON; absent on the side that lacks it. */
  readonly members: readonly { readonly member: string; readonly before?: string; readonly after?: string }[];
}

/** What differs between two policies, by section and name. The first policy of all is compared with none. */
export function diffPolicies(before: Policy | undefined, after: Policy): readonly Change[] {
  return sections.flatMap((section) => {
    const old = new Map<string, unknown>(Object.entries(before?.[section] ?? {}));
    const now = new Map<string, unknown>(Object.entries(after[section]));
    const names = [...new Set([...old.keys(), ...now.keys()])].sort();
    return names.flatMap((name): readonly Change[] => {
      const [was, is] = [old.get(name), now.get(name)];
      const members = differences(was, is);
      if (was === undefined) return [{ section, name, change: 'added', members }];
      if (is === undefined) return [{ section, name, change: 'removed', members }];
      return members.length === 0 ? [] : [{ section, name, change: 'changed', members }];
    });
  });
}

function differences(was: unknown, is: unknown): Change['members'] {
  const [old, now] = [membersOf(was), membersOf(is)];
  return [...new Set([...old.keys(), ...now.keys()])].sort().flatMap((member) => {
    const [before, after] = [old.get(member), now.get(member)];
    if (before === after) return [];
    return [
      { member, ...(before === undefined ? {} : { before }), ...(after === undefined ? {} : { after }) },
    ];
  });
}

/** A level is a text, everything else a map. */
function membersOf(value: unknown): ReadonlyMap<string, string> {
  if (value === undefined) return new Map();
  if (typeof value !== 'object' || value === null) return new Map([['', JSON.stringify(value)]]);
  return new Map(
    Object.entries(value)
      .filter(([, inner]) => inner !== undefined)
      .map(([name, inner]) => [name, JSON.stringify(inner)]),
  );
}
