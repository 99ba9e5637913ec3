import { categories } from './categories.js';
import type { Policy } from './policy.js';
import { mostPurposes } from './purpose.js';

/** A fault of a policy, by the path of what is at fault in the composed document. */
export interface PolicyFault {
  readonly path: readonly (string | number)[];
  readonly message: string;
}

/** What the shape of the purposes cannot say: names that must refer to something, and a tree that has no circle. */
export function purposeFaults(policy: Policy): readonly PolicyFault[] {
  const names = Object.keys(policy.purposes);
  const tooMany = names.slice(mostPurposes).map((name) => ({
    path: ['purposes', name],
    message: `there are more than ${mostPurposes} purposes`,
  }));
  return [...tooMany, ...names.flatMap((name) => [...treeFaults(policy, name), ...nameFaults(policy, name)])];
}

function treeFaults({ purposes }: Policy, name: string): readonly PolicyFault[] {
  const path = ['purposes', name, 'within'];
  const within = purposes[name]?.within;
  if (within === undefined) return [];
  if (!Object.hasOwn(purposes, within)) return [{ path, message: `there is no purpose ${within}` }];
  return enclosingPurposes(purposes, name).includes(name)
    ? [{ path, message: 'a purpose cannot lie within itself' }]
    : [];
}

function nameFaults(policy: Policy, name: string): readonly PolicyFault[] {
  const { bases = {}, conditions, notice } = policy.purposes[name] ?? {};
  const path = ['purposes', name];
  return [
    ...Object.keys(bases)
      .filter((jurisdiction) => !Object.hasOwn(policy.jurisdictions, jurisdiction))
      .map((jurisdiction) => ({
        path: [...path, 'bases', jurisdiction],
        message: `there is no jurisdiction ${jurisdiction}`,
      })),
    ...(conditions?.leaveOut ?? [])
      .filter((category) => !isCategory(policy, category))
      .map((category) => ({
        path: [...path, 'conditions', 'leaveOut'],
        message: `there is no category ${category}`,
      })),
    ...(notice !== undefined && Object.hasOwn(notice.translations, notice.language)
      ? [
          {
            path: [...path, 'notice', 'translations', notice.language],
            message: `the text is in ${notice.language} already`,
          },
        ]
      : []),
  ];
}

/** Known to Fides or to the policy itself, or a term of the Data Privacy Vocabulary. */
export function isCategory(policy: Policy, name: string): boolean {
  return categories.has(name) || Object.hasOwn(policy.categories, name);
}

/** The purposes that one lies within, the nearest first. Ends also in a circle, with the purpose itself. */
export function enclosingPurposes(purposes: Policy['purposes'], name: string): readonly string[] {
  const chain: string[] = [];
  let next = purposes[name]?.within;
  while (next !== undefined && !chain.includes(next)) {
    chain.push(next);
    next = Object.hasOwn(purposes, next) ? purposes[next]?.within : undefined;
  }
  return chain;
}
