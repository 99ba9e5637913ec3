import type { ConsentState } from './decide.js';
import { normaliseValue } from './identifiers.js';
import { KeyedHasher, type HashWords } from './keyed-hash.js';
import type { Reason } from './reasons.js';
import { basisIn, type Conditions, type DecisionRules, type LegalBasis, type PurposeRules } from './rules.js';
import { never, stateCodes, StateTable, type ExpiryGroup, type PackedPerson } from './state-table.js';

/** The short answer: why, and whether. */
export interface Answer {
  readonly effect: 'allow' | 'deny';
  readonly reason: Reason;
}

/** Whom a question is about, as the tenant knows them. */
export interface Subject {
  readonly type: string;
  readonly value: string;
}

/** What comes with a question. */
export interface AnswerContext {
  readonly jurisdiction?: string;
  readonly optOutSignal?: boolean;
  /** The request carries a consent string that does not cover the purpose. */
  readonly signalDenies?: boolean;
  /** The answer must know of everything up to this revision of the replica's epoch. */
  readonly atLeast?: number;
}

/** A state of a person as it travels: the purpose by number, the code, and the end in epoch seconds. */
export type TravellingState = readonly [purpose: number, code: number, end: number | null];

/** A person as they travel, by keyed hash (16 hex digits). */
export interface TravellingPerson {
  readonly hash: string;
  readonly known: boolean;
  readonly suppressed: boolean;
  readonly states: readonly TravellingState[];
}

interface PackedPurpose {
  readonly rules: PurposeRules;
  readonly number: number;
  readonly within: readonly number[];
}

const answers = new Map<Reason, Answer>();

function answer(effect: Answer['effect'], reason: Reason): Answer {
  const known = answers.get(reason) ?? Object.freeze({ effect, reason });
  answers.set(reason, known);
  return known;
}

const given = answer('allow', 'consent.given');
const declared = answer('allow', 'basis.declared');
const deny = (reason: Reason) => answer('deny', reason);
const denials = {
  stale: deny('replica.stale'),
  revision: deny('revision.stale'),
  policy: deny('policy.missing'),
  purpose: deny('purpose.unknown'),
  suppressed: deny('subject.suppressed'),
  unknown: deny('subject.unknown'),
  optOut: deny('signal.opt_out'),
  signal: deny('signal.not_consented'),
  jurisdiction: deny('jurisdiction.unknown'),
  missing: deny('consent.missing'),
  expired: deny('consent.expired'),
  notice: deny('consent.notice_changed'),
  objected: deny('consent.objected'),
} as const;

/** The answer of an explicit no, by code. */
const noes: readonly (Answer | undefined)[] = [
  undefined,
  undefined,
  deny('consent.refused'),
  deny('consent.withdrawn'),
  denials.objected,
  undefined,
  deny('consent.invalidated'),
];

/** The context of a plain question. */
const plain: AnswerContext = {};

/**
 * What a tenant's people said, packed into memory, and the rules to decide by: answers what `decide` answers, without network
 * and without allocating. A test holds the two equal. Knows its revision; how fresh that is, its owner knows.
 */
export class Replica {
  revision = 0;
  private readonly hasher: KeyedHasher;
  private readonly table: StateTable;
  private readonly numbers = new Map<string, number>();
  private readonly packed = new Map<string, PackedPurpose>();
  private rules: DecisionRules | undefined;

  /** `purposes` in the order of their numbers; there may be more of them later. */
  constructor(key: Uint8Array, purposes: readonly string[], expected = 1_024) {
    this.hasher = new KeyedHasher(key);
    this.table = new StateTable(purposes.length, expected);
    this.name(purposes);
  }

  get size(): number {
    return this.table.size;
  }

  /** Memory in bytes. */
  get bytes(): number {
    return this.table.bytes;
  }

  /** Names purposes by number; those that have one keep it. */
  name(purposes: readonly string[]): void {
    purposes.forEach((purpose, index) => this.numbers.set(purpose, index));
    this.table.widen(purposes.length);
  }

  govern(rules: DecisionRules | undefined): void {
    this.rules = rules;
    this.packed.clear();
    for (const [purpose, own] of Object.entries(rules?.purposes ?? {})) {
      const number = this.numbers.get(purpose);
      const within = own.within.map((outer) => this.numbers.get(outer));
      if (number === undefined || within.some((outer) => outer === undefined))
        throw new RangeError('a purpose of the policy has no number');
      this.packed.set(purpose, { rules: own, number, within: within.filter((outer) => outer !== undefined) });
    }
  }

  /** What an allow for a purpose is bound to; undefined for a purpose that the policy does not have. */
  conditions(purpose: string): Conditions | undefined {
    return this.packed.get(purpose)?.rules.conditions;
  }

  set(person: TravellingPerson): void {
    const { high, low } = parseHash(person.hash);
    this.table.set(high, low, pack(person, this.numbers.size));
  }

  setPacked(high: number, low: number, person: PackedPerson): void {
    this.table.set(high, low, person);
  }

  /** `seconds` is the time, in whole epoch seconds. */
  may(subject: Subject, purpose: string, seconds: number, context: AnswerContext = plain): Answer {
    if (context.atLeast !== undefined && this.revision < context.atLeast) return denials.revision;
    if (this.rules === undefined) return denials.policy;
    const asked = this.packed.get(purpose);
    if (asked === undefined) return denials.purpose;
    const { high, low } = this.hash(subject);
    const at = this.table.find(high, low);
    if (at < 0) return denials.unknown;
    if (this.table.isSuppressed(at)) return denials.suppressed;
    if (!this.table.isKnown(at)) return denials.unknown;
    return this.judge(at, asked, seconds, context);
  }

  /** Most identifiers are in ASCII, and so in their normal form already, but for the case of addresses. */
  private hash({ type, value }: Subject): HashWords {
    const quick = type === 'email' ? undefined : this.hasher.ofAscii(type, value);
    return quick ?? this.hasher.of(type, normaliseValue(type, value));
  }

  private judge(at: number, asked: PackedPurpose, seconds: number, context: AnswerContext): Answer {
    if (context.optOutSignal === true && asked.rules.honoursOptOutSignal) return denials.optOut;
    if (context.signalDenies === true) return denials.signal;
    const basis = this.basis(asked, context.jurisdiction);
    if (basis === undefined) return denials.jurisdiction;
    for (const outer of asked.within) {
      const no = noes[this.table.state(at, outer)];
      if (no !== undefined) return no;
    }
    const code = this.table.state(at, asked.number);
    return basis === 'consent' ? this.judgeConsent(at, asked.number, code, seconds) : judgeDeclared(code);
  }

  private basis({ rules }: PackedPurpose, jurisdiction: string | undefined): LegalBasis | undefined {
    if (jurisdiction === undefined || this.rules === undefined) return rules.legalBasis;
    return basisIn(this.rules, rules, jurisdiction);
  }

  private judgeConsent(at: number, purpose: number, code: number, seconds: number): Answer {
    if (code === stateCodes.none) return denials.missing;
    const no = noes[code];
    if (no !== undefined) return no;
    if (code === stateCodes.expire || this.table.hasEnded(at, purpose, seconds)) return denials.expired;
    return code === stateCodes.outdated ? denials.notice : given;
  }
}

function judgeDeclared(code: number): Answer {
  return noes[code] === undefined || code === stateCodes.invalidate ? declared : denials.objected;
}

/** The code and end of a state under the rules: a yes under another notice than the only one that holds is outdated. */
export function travelling(
  { action, expiresAt, noticeVersion }: Pick<ConsentState, 'action' | 'expiresAt' | 'noticeVersion'>,
  onlyNotice: string | null,
): readonly [code: number, end: number | null] {
  const yes = action === 'grant' || action === 'renew';
  const outdated = yes && onlyNotice !== null && noticeVersion !== onlyNotice;
  const end = expiresAt === null ? null : Math.floor(expiresAt.getTime() / 1_000);
  return [outdated ? stateCodes.outdated : stateCodes[action], end];
}

/** A person packed for so many purposes. */
export function pack(
  { known, suppressed, states }: Omit<TravellingPerson, 'hash'>,
  purposes: number,
): PackedPerson {
  const words = Math.ceil(purposes / 8);
  const maskWords = Math.ceil(purposes / 32);
  const packed = new Uint32Array(words);
  const groups = new Map<number, Uint32Array>();
  for (const [purpose, code, end] of states) {
    const word = purpose >>> 3;
    packed[word] = (packed[word] ?? 0) | (code << ((purpose & 7) << 2));
    if (end === null) continue;
    const mask = groups.get(end) ?? new Uint32Array(maskWords);
    mask[purpose >>> 5] = (mask[purpose >>> 5] ?? 0) | (1 << (purpose & 31));
    groups.set(end, mask);
  }
  const expiries = [...groups].map(([at, purposes]): ExpiryGroup => ({
    at: Math.min(Math.max(at, 0), never - 1),
    purposes,
  }));
  return { known, suppressed, states: packed, expiries };
}

const hashForm = /^[0-9a-f]{16}$/;

function parseHash(hash: string): { readonly high: number; readonly low: number } {
  if (!hashForm.test(hash)) throw new RangeError('a hash has 16 hexadecimal digits');
  return { high: Number.parseInt(hash.slice(0, 8), 16), low: Number.parseInt(hash.slice(8), 16) };
}
