import { nameOf, resolve, type Document, type Operation, type Schema } from './openapi.js';

/** Repeatable randomness (mulberry32): the same seed makes the same run. */
export class Dice {
  constructor(private state: number) {}

  /** 0 <= x < 1 */
  next(): number {
    this.state = (this.state + 0x6d2b79f5) | 0;
    let t = Math.imul(this.state ^ (this.state >>> 15), 1 | this.state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  }

  chance(probability: number): boolean {
    return this.next() < probability;
  }

  below(bound: number): number {
    return Math.floor(this.next() * bound);
  }

  pick<T>(values: readonly T[]): T {
    const value = values[this.below(values.length)];
    if (value === undefined) throw new TypeError('nothing to pick from');
    return value;
  }
}

/** What answers have told so far, and values that mean something to the system under test. */
export interface Pool {
  readonly ids: readonly string[];
  /** Ids by what they are of: the last fixed part of the path that told them. */
  readonly idsOf: ReadonlyMap<string, readonly string[]>;
  /** Whole bodies that are valid, by operation, where chance would hardly make one. */
  readonly bodies: Readonly<Record<string, () => object>>;
  /** By the name of the member: what makes a valid value more often than chance does. */
  readonly known: Readonly<Record<string, readonly unknown[]>>;
}

const nasty: readonly unknown[] = [
  null,
  '',
  ' ',
  0,
  -1,
  1.5,
  2 ** 53,
  true,
  [],
  {},
  [[[]]],
  'null',
  "' or ''='",
  '%00',
  '../../etc/passwd',
  'a\u0000b',
  '\ud800',
  '\u202egnp',
  'ﷺ'.repeat(50),
  'x'.repeat(5_000),
  '{{7*7}}',
  '<script>alert(1)</script>',
  '2026-02-30T00:00:00Z',
  '9999-12-31T23:59:59.999999999Z',
  '00000000-0000-0000-0000-000000000000',
  '__proto__',
  'constructor',
  { $gt: '' },
  { toString: 1 },
  Array.from({ length: 200 }, () => 'x'),
];

export interface Generated {
  readonly url: string;
  readonly payload: string | undefined;
  readonly contentType: string | undefined;
}

export class Generate {
  constructor(
    private readonly document: Document,
    private readonly dice: Dice,
    private readonly pool: () => Pool,
  ) {}

  request(operation: Operation): Generated {
    const url = operation.path.replaceAll(/([^/]+)\/\{([^}]+)\}/g, (_, of: string, name: string) =>
      [of, encodeURIComponent(this.text(this.parameter(name, of))).replaceAll('%2F', '/')].join('/'),
    );
    const query = operation.parameters
      .filter((parameter) => parameter.in === 'query' && this.dice.chance(0.4))
      .map(({ name, schema, example }) => {
        const value = this.dice.chance(0.7)
          ? this.value({ ...schema, example: schema?.example ?? example }, name)
          : this.dice.pick(nasty);
        return `${encodeURIComponent(name)}=${encodeURIComponent(this.text(value))}`;
      });
    const body = operation.body === undefined ? undefined : this.body(operation, operation.body);
    return { url: query.length === 0 ? url : `${url}?${query.join('&')}`, ...payloadOf(body, this.dice) };
  }

  private body(operation: Operation, schema: Schema): unknown {
    if (this.dice.chance(0.03)) return this.dice.pick(nasty);
    const example = this.pool().bodies[nameOf(operation)];
    const value = example !== undefined && this.dice.chance(0.6) ? example() : this.value(schema, '');
    return this.dice.chance(0.3) ? this.spoil(value) : value;
  }

  /** A valid value gets one fault somewhere. */
  private spoil(value: unknown): unknown {
    if (typeof value !== 'object' || value === null || this.dice.chance(0.15)) return this.dice.pick(nasty);
    const members = Object.entries(value);
    if (members.length === 0 || this.dice.chance(0.1))
      return Object.fromEntries([...members, [this.dice.pick(['extra', 'a/b', '__proto__', '']), 1]]);
    const [name] = this.dice.pick(members);
    if (this.dice.chance(0.2)) return Object.fromEntries(members.filter(([other]) => other !== name));
    const spoilt = members.map(([other, inner]) => [other, other === name ? this.spoil(inner) : inner]);
    return Array.isArray(value) ? spoilt.map(([, inner]) => inner) : Object.fromEntries(spoilt);
  }

  private parameter(name: string, of: string): unknown {
    if (this.dice.chance(0.1)) return this.dice.pick(nasty);
    const known = this.pool().known[name];
    if (known !== undefined && this.dice.chance(0.8)) return this.dice.pick(known);
    const { ids, idsOf } = this.pool();
    const own = idsOf.get(of) ?? [];
    if (own.length > 0 && this.dice.chance(0.8)) return this.dice.pick(own);
    return ids.length > 0 ? this.dice.pick(ids) : 'none';
  }

  private value(given: Schema, name: string): unknown {
    const schema = resolve(given, this.document);
    const known = this.pool().known[name];
    if (known !== undefined && this.dice.chance(0.9)) return this.dice.pick(known);
    if (schema.enum !== undefined) return this.dice.pick(schema.enum);
    if (schema.allOf?.[0] !== undefined) return this.value(schema.allOf[0], name);
    if (schema.type === 'object') return this.object(schema);
    if (schema.type === 'array') {
      const length = (schema.minItems ?? 0) + this.dice.below(3);
      return Array.from({ length }, () => this.value(schema.items ?? {}, name));
    }
    return this.scalar(schema);
  }

  private scalar(schema: Schema): unknown {
    if (schema.type === 'boolean') return this.dice.chance(0.5);
    if (schema.type === 'integer' || schema.type === 'number') return this.number(schema);
    return this.string(schema);
  }

  private object({ properties, required }: Schema): object {
    const members = Object.entries(properties ?? {}).filter(
      ([name]) => required?.includes(name) === true || this.dice.chance(0.4),
    );
    return Object.fromEntries(members.map(([name, schema]) => [name, this.value(schema, name)]));
  }

  private number({ minimum, maximum }: Schema): number {
    const low = minimum ?? 0;
    return low + this.dice.below(Math.min((maximum ?? low + 1_000) - low, 1_000) + 1);
  }

  private string(schema: Schema): string {
    const { ids } = this.pool();
    if (schema.format === 'uuid') return ids.length > 0 ? this.dice.pick(ids) : 'none';
    if (schema.format === 'date-time')
      return new Date(Date.now() + (this.dice.next() - 0.5) * 1e12).toISOString();
    if (typeof schema.example === 'string' && this.dice.chance(0.5)) return schema.example;
    const length = Math.max(schema.minLength ?? 1, 1 + this.dice.below(12));
    return Array.from({ length }, () => 'abcdefghijklmnop_0189'.charAt(this.dice.below(21))).join('');
  }

  private text(value: unknown): string {
    const text = typeof value === 'string' ? value : JSON.stringify(value);
    // A lone surrogate has no place in a URL.
    return text.isWellFormed() ? text : text.toWellFormed();
  }
}

function payloadOf(body: unknown, dice: Dice): Pick<Generated, 'payload' | 'contentType'> {
  if (body === undefined) return { payload: undefined, contentType: undefined };
  const payload = JSON.stringify(body);
  if (dice.chance(0.02)) return { payload: payload.slice(0, -1), contentType: 'application/json' };
  if (dice.chance(0.02)) return { payload, contentType: 'text/plain' };
  return { payload, contentType: 'application/json' };
}
