import { LineCounter, parseDocument } from 'yaml';
import type { Fault } from './errors.js';

const largest = 1_048_576;
/** One fault of form leads to others that say nothing new. */
const mostFaults = 5;

/** A parsed document, or all that is wrong with its form. */
export type ParsedYaml =
  { readonly ok: true; readonly value: unknown } | { readonly ok: false; readonly faults: readonly Fault[] };

/**
 * Reads YAML 1.2 from an untrusted author: at most 1 MiB, unique keys, no custom tags, few aliases (so that a small
 * text cannot become a large value). Faults name the line.
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
  const problems = [...document.errors, ...document.warnings];
  if (problems.length > 0) {
    return {
      ok: false,
      faults: problems.slice(0, mostFaults).map(({ pos, code }) => {
        const { line, col } = lines.linePos(pos[0]);
        return {
          pointer: '',
          message: `line ${line}, column ${col}: not valid YAML (${code.toLowerCase().replaceAll('_', ' ')})`,
        };
      }),
    };
  }
  try {
    return { ok: true, value: document.toJS({ maxAliasCount: 20 }) };
  } catch {
    return refused('the document uses too many aliases');
  }
}

function refused(message: string): ParsedYaml {
  return { ok: false, faults: [{ pointer: '', message }] };
}
