/** Where a statement finds each attribute; one that it does not have is never met. */
export type Columns = Readonly<Record<string, string>>;

type Bind = (value: unknown) => string;

/** A condition as CASL's `rulesToAST` answers it. */
interface Condition {
  readonly operator: string;
  readonly value: unknown;
  readonly field?: unknown;
}

/** Which rows a caller may reach, as a condition for a statement. It says what `Caller.may` says of each row. */
export class Filter {
  /** The answer of `rulesToAST`; null lets nothing through. */
  constructor(private readonly condition: unknown) {}

  /**
   * SQL for a `where`, never empty. `columns` are ours and never of a caller; every value goes through `bind`, which
   * answers its placeholder.
   */
  sql(columns: Columns, bind: Bind): string {
    return this.condition === null ? 'false' : render(this.condition, columns, bind);
  }

  /** The same for a query builder: text and named parameters. */
  named(columns: Columns): readonly [text: string, parameters: Readonly<Record<string, unknown>>] {
    const values: Record<string, unknown> = {};
    const text = this.sql(columns, (value) => {
      const name = `visible${Object.keys(values).length}`;
      values[name] = value;
      return `:${name}`;
    });
    return [text, values];
  }
}

function render(condition: unknown, columns: Columns, bind: Bind): string {
  if (!isCondition(condition)) throw new TypeError('the condition is not one');
  const { operator, value } = condition;
  if (operator === 'and' || operator === 'or') return join(operator, value, columns, bind);
  if (typeof condition.field !== 'string') throw new TypeError(`no SQL is known for ${operator}`);
  const column = columns[condition.field];
  if (column === undefined) return 'false';
  if (operator === 'eq') return `${column} = ${bind(value)}`;
  if (operator === 'in') return `${column} = any(${bind(value)})`;
  throw new TypeError(`no SQL is known for ${operator}`);
}

function join(operator: 'and' | 'or', parts: unknown, columns: Columns, bind: Bind): string {
  if (!Array.isArray(parts)) throw new TypeError('a compound condition has no parts');
  const texts = parts.map((part: unknown) => render(part, columns, bind));
  if (texts.length === 0) return operator === 'and' ? 'true' : 'false';
  return `(${texts.join(` ${operator} `)})`;
}

function isCondition(value: unknown): value is Condition {
  return typeof value === 'object' && value !== null && 'operator' in value && 'value' in value;
}
