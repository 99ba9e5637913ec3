import { isAlias, isMap, isNode, isSeq, LineCounter, parseDocument, visit, type Document } from 'yaml';
import type { Fault } from './errors.js';

const largest = 1_048_576;
/** One fault of form leads to others that say nothing new. */
const mostFaults = 5;

/** A place in a text; both count from 1. */
export interface TextPlace {
  readonly line: number;
  readonly column: number;
}

/** A parsed document, or all that is wrong with its form. */
export type ParsedYaml =
  | {
      readonly ok: true;
      readonly value: unknown;
      /** Where a member stands: its key, or, where there is none of that path, the nearest that encloses it. */
      readonly locate: (path: readonly PropertyKey[]) => TextPlace;
    }
  | { readonly ok: false; readonly faults: readonly Fault[] };

/**
 * Reads YAML 1.2 from an untrusted author: at most 1 MiB, unique keys, no custom tags, and neither anchors nor aliases
 * (with them a small text becomes a large value, and a reader no longer sees what a line says). Faults name the line.
 */
export function parseYaml(text: string): ParsedYaml {
  if (Buffer.byteLength(text, 'utf8') > largest) return refused('the document is larger than 1 MiB');
  const lines = new LineCounter();
  const document = parseDocument(text, {
    lineCounter: lines,
    uniqueKeys: true,
    strict: true,
    customTags: [],
    // A key that is a list or a map would be turned into a text, with a warning that quotes the document.
    stringKeys: true,
  });
  const place = (offset: number) => placeAt(lines, offset);
  const problems = [...document.errors, ...document.warnings].map(({ pos, code }) =>
    formFault(place(pos[0]), `not valid YAML (${code.toLowerCase().replaceAll('_', ' ')})`),
  );
  if (problems.length > 0) return { ok: false, faults: problems.slice(0, mostFaults) };
  try {
    const references = anchorsOf(document).map((offset) =>
      formFault(place(offset), 'anchors and aliases are not allowed: write the value out'),
    );
    if (references.length > 0) return { ok: false, faults: references.slice(0, mostFaults) };
    return { ok: true, value: document.toJS(), locate: (path) => place(offsetOf(document, path)) };
  } catch {
    return refused('the document cannot be read');
  }
}

/** Where anchors are set, and where aliases refer to them. */
function anchorsOf(document: Document): readonly number[] {
  const offsets: number[] = [];
  visit(document, {
    Node: (_, node) => {
      if (isAlias(node) || node.anchor !== undefined) offsets.push(node.range?.[0] ?? 0);
    },
  });
  return offsets;
}

function offsetOf(document: Document, path: readonly PropertyKey[]): number {
  let node: unknown = document.contents;
  let offset = isNode(node) ? (node.range?.[0] ?? 0) : 0;
  for (const part of path) {
    const [key, next] = memberOf(node, part);
    if (key === undefined) return offset;
    offset = key;
    node = next;
  }
  return offset;
}

/** Where a member of a map or an item of a list begins, and the member. */
function memberOf(node: unknown, part: PropertyKey): readonly [offset: number | undefined, node: unknown] {
  if (isSeq(node)) {
    const item = node.items[Number(part)];
    return isNode(item) ? [item.range?.[0], item] : [undefined, undefined];
  }
  const pair = isMap(node)
    ? node.items.find(({ key }) => isNode(key) && String(key) === String(part))
    : undefined;
  return isNode(pair?.key) ? [pair.key.range?.[0], pair.value] : [undefined, undefined];
}

function placeAt(lines: LineCounter, offset: number): TextPlace {
  const { line, col } = lines.linePos(offset);
  return { line: Math.max(line, 1), column: Math.max(col, 1) };
}

function formFault({ line, column }: TextPlace, message: string): Fault {
  return { pointer: '', message: `line ${line}, column ${column}: ${message}`, line };
}

function refused(message: string): ParsedYaml {
  return { ok: false, faults: [{ pointer: '', message }] };
}
