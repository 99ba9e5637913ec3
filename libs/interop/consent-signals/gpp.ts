import { Base64Url } from '@iabtcf/core';
import { GppModel, HeaderV1, HeaderV1Field, TcfCaV1, TcfEuV2 } from '@iabgpp/cmpapi';
import { z } from 'zod';
import { measureFibonacciRanges } from './bounded-ranges.js';
import { decodeBounded } from './malformed.js';
import { decodeTcfCanada } from './tcf-canada.js';
import { decodeTcf, type TcfSignals } from './tcf.js';
import { decodeUsSection, type UsSection } from './us-section.js';

/** What a GPP string says in the sections that are in force. */
export interface GppSignals {
  /** Section ids in the string, in force or not, understood or not. */
  readonly present: readonly number[];
  /** Section ids in force of which nothing is understood: unknown, or of a version that is newer than the decoder. */
  readonly unread: readonly number[];
  /** Section ids in force that are not in the string. */
  readonly missing: readonly number[];
  readonly tcf: TcfSignals | undefined;
  readonly tcfCanada: TcfSignals | undefined;
  /** uspv1, usnat and the sections of states. */
  readonly us: readonly UsSection[];
}

/** Bits of the header before its section ids: its type and version (GPP string specification). */
const headerBits = 12;

/**
 * Reads a GPP string, or a TC string in its place, which is told apart by its first letter.
 * `applicableSections` are the ids in force for the request (`gpp_sid`; -1: none). Without any, or with 0 (not known), all are.
 * @throws DomainError invalid, `signal.invalid`, at `pointer`
 */
export function readGpp(
  text: string,
  applicableSections: readonly number[] = [],
  pointer = '/gpp',
): GppSignals {
  const inForce = applicableSections.includes(0) ? [] : applicableSections;
  return decodeBounded(text, 'GPP string', pointer, (checked) =>
    checked.startsWith('C')
      ? assemble(new Map([[TcfEuV2.ID, checked]]), new GppModel(), inForce)
      : assemble(split(checked), new GppModel(checked), inForce),
  );
}

/** Texts of the sections by their id, in the order of the header. */
function split(text: string): ReadonlyMap<number, string> {
  const [header = '', ...sections] = text.split('~');
  // The decoder unfolds the ids of the header before it compares their number with that of the sections.
  if (measureFibonacciRanges(Base64Url.decode(header), headerBits).ids !== sections.length) {
    throw new Error('the header does not name the sections');
  }
  const ids = z.array(z.int()).parse(new HeaderV1(header).getFieldValue(HeaderV1Field.SECTION_IDS));
  return new Map(ids.map((id, index) => [id, sections[index] ?? '']));
}

function assemble(
  texts: ReadonlyMap<number, string>,
  model: GppModel,
  applicable: readonly number[],
): GppSignals {
  // Decodes the header in any case, also of a string without a section in force.
  model.getSectionIds();
  const present = [...texts.keys()];
  const inForce = new Map([...texts].filter(([id]) => applicable.length === 0 || applicable.includes(id)));
  const [tcf, canada] = [inForce.get(TcfEuV2.ID), inForce.get(TcfCaV1.ID)];
  const us: UsSection[] = [];
  const unread: number[] = [];
  for (const id of inForce.keys()) {
    if (id === TcfEuV2.ID || id === TcfCaV1.ID) continue;
    const section = decodeUsSection(model, id);
    if (section === undefined) unread.push(id);
    else us.push(section);
  }
  return {
    present,
    unread,
    missing: applicable.filter((id) => id > 0 && !texts.has(id)),
    tcf: tcf === undefined ? undefined : decodeTcf(tcf),
    tcfCanada: canada === undefined ? undefined : decodeTcfCanada(canada),
    us,
  };
}
