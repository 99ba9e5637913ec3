import type { z } from 'zod';
import { DomainError, parseYaml, type Fault, type TextPlace } from '#kernel';
import { policyFileSchema, policySchema, sections, type Policy, type Section } from './policy.js';
import type { PolicyFault } from './purpose-faults.js';
import { policyFaults } from './rule-faults.js';

/** A file of a policy, as its author wrote it. */
export interface PolicyFile {
  readonly name: string;
  readonly text: string;
}

/** Packs by name, each a file. */
export type Packs = ReadonlyMap<string, PolicyFile>;

/** Where a thing of a policy was written. */
export interface Origin {
  readonly file: string;
  readonly line: number;
  /** The pack it comes from; absent for what the author wrote. */
  readonly pack?: string;
}

/** A valid policy, made from files. */
export interface ComposedPolicy {
  readonly policy: Policy;
  /** By `section/name`. */
  readonly origins: ReadonlyMap<string, Origin>;
  /** What took the place of a pack's, as `section/name`. */
  readonly replaced: readonly string[];
}

type PolicyFileContent = z.infer<typeof policyFileSchema>;

interface ReadFile {
  readonly name: string;
  readonly pack?: string;
  readonly content: PolicyFileContent;
  readonly locate: (path: readonly PropertyKey[]) => TextPlace;
}

const mostFiles = 100;
/** Of all files together. */
const mostCharacters = 2_097_152;
/** A document with more faults than this has one fault, and its author will see it in these. */
const mostFaults = 100;

/**
 * Puts a policy together from its files and the packs they name, and validates the whole. Throws DomainError invalid
 * `policy.invalid` with every fault: file, line, and path.
 */
export function composePolicy(files: readonly PolicyFile[], packs: Packs = new Map()): ComposedPolicy {
  refuseIfAny(boundFaults(files));
  const faults: Fault[] = [];
  const own = files.map((file) => readFile(file, undefined, faults)).filter((file) => file !== undefined);
  const included = includePacks(own, packs, faults);
  refuseIfAny(faults);
  const { merged, origins, places, replaced } = merge([...included, ...own], faults);
  refuseIfAny(faults);
  const policy = policySchema.parse(merged);
  refuseIfAny(policyFaults(policy).map((fault) => locateFault(fault, places)));
  return { policy, origins, replaced };
}

/** A policy of one document, without packs. */
export function parsePolicy(text: string): Policy {
  return composePolicy([{ name: 'policy.yaml', text }]).policy;
}

function refuseIfAny(faults: readonly Fault[]): void {
  if (faults.length === 0) return;
  const shown = faults.slice(0, mostFaults);
  const [first] = shown;
  const where = first?.file === undefined ? '' : `${first.file}:${first.line ?? 1}: `;
  const more = faults.length > 1 ? ` (and ${faults.length - 1} more)` : '';
  const sentence = `${where}${first?.pointer ?? ''} ${first?.message ?? ''}`.trim();
  throw new DomainError('invalid', 'policy.invalid', `the policy is not valid: ${sentence}${more}`, {
    faults: shown,
  });
}

function boundFaults(files: readonly PolicyFile[]): readonly Fault[] {
  const whole = (message: string) => [{ pointer: '', message }];
  if (files.length === 0) return whole('there is no file');
  if (files.length > mostFiles) return whole(`there are more than ${mostFiles} files`);
  const size = files.reduce((sum, { text }) => sum + text.length, 0);
  if (size > mostCharacters) return whole('the files are larger than 2 MiB together');
  const names = new Set<string>();
  for (const { name } of files) {
    if (names.has(name)) return whole(`there are two files of the name ${name}`);
    names.add(name);
  }
  return [];
}

function readFile(file: PolicyFile, pack: string | undefined, faults: Fault[]): ReadFile | undefined {
  const parsed = parseYaml(file.text);
  if (!parsed.ok) {
    faults.push(...parsed.faults.map((fault) => ({ ...fault, file: file.name, line: fault.line ?? 1 })));
    return undefined;
  }
  const { locate } = parsed;
  const shaped = policyFileSchema.safeParse(parsed.value ?? {});
  if (shaped.success)
    return { name: file.name, ...(pack === undefined ? {} : { pack }), content: shaped.data, locate };
  const found = shaped.error.issues.flatMap((issue) => shapeFaults(issue));
  faults.push(
    ...found.map(({ path, message }) => ({
      pointer: pointerOf(path),
      message,
      file: file.name,
      line: locate(path).line,
    })),
  );
  return undefined;
}

/** What the schema found, each at the key it is about; a union's faults are those of the branch that came closest. */
function shapeFaults(issue: z.core.$ZodIssue): readonly { path: readonly PropertyKey[]; message: string }[] {
  const { path } = issue;
  if (issue.code === 'unrecognized_keys')
    return issue.keys.map((key) => ({ path: [...path, key], message: 'this key is not known here' }));
  if (issue.code === 'invalid_key') return [{ path, message: issue.issues[0]?.message ?? issue.message }];
  if (issue.code === 'invalid_union') {
    const closest = closestBranch(issue.errors);
    if (closest !== undefined)
      return closest.flatMap((inner) => shapeFaults({ ...inner, path: [...path, ...inner.path] }));
  }
  return [{ path, message: issue.message }];
}

/** The branch whose faults lie deepest: a map with one wrong member says more than "not a text". */
function closestBranch(branches: readonly (readonly z.core.$ZodIssue[])[]) {
  const depth = (branch: readonly z.core.$ZodIssue[]) =>
    Math.max(0, ...branch.map(({ path, code }) => path.length * 2 + (code === 'invalid_type' ? 0 : 1)));
  return branches.toSorted((a, b) => depth(b) - depth(a))[0];
}

/** The packs that any of the files names, in the order of their names. */
function includePacks(own: readonly ReadFile[], packs: Packs, faults: Fault[]): readonly ReadFile[] {
  const wanted = new Map<string, { readonly file: ReadFile; readonly index: number }>();
  for (const file of own)
    file.content.packs.forEach((name, index) => wanted.set(name, wanted.get(name) ?? { file, index }));
  const included: ReadFile[] = [];
  for (const [name, { file, index }] of [...wanted].toSorted(([a], [b]) => (a < b ? -1 : 1))) {
    const pack = packs.get(name);
    if (pack === undefined) {
      const path = ['packs', index];
      const known = [...packs.keys()].sort().join(', ');
      faults.push({
        pointer: pointerOf(path),
        message: `there is no pack ${name}; there are ${known}`,
        file: file.name,
        line: file.locate(path).line,
      });
      continue;
    }
    const read = readFile(pack, name, faults);
    if (read !== undefined) included.push(read);
  }
  return included;
}

type Places = ReadonlyMap<string, ReadFile>;

/** Packs first, then what the author wrote. Two of one name are refused, unless the author's replaces a pack's. */
function merge(files: readonly ReadFile[], faults: Fault[]) {
  const merged: Record<Section, Record<string, unknown>> = {
    controllers: {},
    services: {},
    purposes: {},
    jurisdictions: {},
    categories: {},
    retention: {},
    erasure: {},
    clocks: {},
    levels: {},
    lanes: {},
    limits: {},
    readBack: {},
  };
  const places = new Map<string, ReadFile>();
  const origins = new Map<string, Origin>();
  const replaced: string[] = [];
  for (const file of files) {
    for (const section of sections) {
      for (const [name, value] of Object.entries(file.content[section])) {
        const key = `${section}/${name}`;
        const { line } = file.locate([section, name]);
        const other = places.get(key);
        if (other !== undefined && !mayReplace(file, other, merged[section][name], value)) {
          const at = `${other.name}:${other.locate([section, name]).line}`;
          const message = `${name} is already defined in ${at}`;
          faults.push({ pointer: pointerOf([section, name]), message, file: file.name, line });
        }
        if (other?.pack !== undefined && file.pack === undefined) replaced.push(key);
        merged[section][name] = value;
        places.set(key, file);
        origins.set(key, { file: file.name, line, ...(file.pack === undefined ? {} : { pack: file.pack }) });
      }
    }
  }
  return { merged, origins, places, replaced };
}

/** An author's definition replaces a pack's; two packs may agree word for word. */
function mayReplace(file: ReadFile, other: ReadFile, before: unknown, after: unknown): boolean {
  if (other.pack === undefined) return false;
  return file.pack === undefined || JSON.stringify(before) === JSON.stringify(after);
}

function locateFault({ path, message }: PolicyFault, places: Places): Fault {
  const file = places.get(path.slice(0, 2).join('/'));
  const pointer = pointerOf(path);
  return file === undefined
    ? { pointer, message }
    : { pointer, message, file: file.name, line: file.locate(path).line };
}

function pointerOf(path: readonly PropertyKey[]): string {
  return path.map((part) => `/${String(part).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');
}
