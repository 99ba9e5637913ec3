import { Sections, UsNat, UspV1, UspV1Field, type GppModel } from '@iabgpp/cmpapi';
import { z } from 'zod';
import type { OptOut } from '#policy';

/** What a section of a GPP string for the United States says. */
export interface UsSection {
  readonly id: number;
  /** IAB's name of the section, such as usnat or usca. */
  readonly name: string;
  readonly optOuts: ReadonlySet<OptOut>;
  /** Whether Global Privacy Control was on, by the sub-section for it. */
  readonly gpc: boolean;
}

/**
 * Fields that opt out where they are 1: "opted out", or "no consent" where the law of the state asks for consent. Sections
 * lack those that their law does not know; none has profiling. Several values are those of several kinds of data, of which
 * one is enough.
 */
const optOutFields: readonly (readonly [string, OptOut])[] = [
  ['SaleOptOut', 'sale'],
  ['SharingOptOut', 'sharing'],
  ['TargetedAdvertisingOptOut', 'targeted_advertising'],
  ['SensitiveDataProcessing', 'sensitive_data'],
  ['KnownChildSensitiveDataConsents', 'sensitive_data'],
];

/** 0: not applicable, 1: opted out or no consent, 2: not opted out or consent. IAB's decoder lets the undefined 3 pass. */
const choice = z.int().min(0).max(2);
const choices = z.union([choice.transform((value) => [value]), z.array(choice)]);

/** Newest versions that the decoder lays out rightly; 1 where nothing is said. */
const newestVersions: ReadonlyMap<string, number> = new Map([[UsNat.NAME, UsNat.VERSION]]);

/** Undefined for a section that is unknown, or of a version newer than the decoder's. */
export function decodeUsSection(model: GppModel, id: number): UsSection | undefined {
  const name = Sections.SECTION_ID_NAME_MAP.get(id);
  if (name === undefined || isNewer(model, name)) return undefined;
  if (id === UspV1.ID) return decodeUspV1(model);
  const optOuts = new Set<OptOut>();
  for (const [field, optOut] of optOutFields) {
    if (!model.hasField(name, field)) continue;
    if (choices.parse(model.getFieldValue(name, field)).includes(1)) optOuts.add(optOut);
  }
  return { id, name, optOuts, gpc: model.hasField(name, 'Gpc') && readGpcField(model, name) };
}

function isNewer(model: GppModel, name: string): boolean {
  if (!model.hasField(name, 'Version')) return false;
  const version = z.int().min(1).parse(model.getFieldValue(name, 'Version'));
  return version > (newestVersions.get(name) ?? 1);
}

function readGpcField(model: GppModel, name: string): boolean {
  // The decoder takes the second segment for this sub-section, whatever type it says it has.
  z.literal(1).parse(model.getFieldValue(name, 'GpcSegmentType'));
  return z.boolean().parse(model.getFieldValue(name, 'Gpc'));
}

/** The US Privacy string, four characters, which knows the sale alone. */
function decodeUspV1(model: GppModel): UsSection {
  const optOut = z.enum(['Y', 'N', '-']).parse(model.getFieldValue(UspV1.NAME, UspV1Field.OPT_OUT_SALE));
  return { id: UspV1.ID, name: UspV1.NAME, optOuts: new Set(optOut === 'Y' ? ['sale'] : []), gpc: false };
}
