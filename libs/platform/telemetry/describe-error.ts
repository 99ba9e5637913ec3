/** What a log line tells of an error. */
export interface DescribedError {
  readonly type: string;
  readonly message: string;
  readonly code?: string;
  /** The statement's text with its placeholders. */
  readonly statement?: string;
  readonly constraint?: string;
  readonly at: readonly string[];
  readonly cause?: DescribedError;
}

const sqlState = /^[0-9A-Z]{5}$/;
const deepest = 3;

/**
 * An error for the log. Messages of our own errors carry no personal data by rule; those of PostgreSQL quote the values
 * at fault, and TypeORM hangs every parameter on its errors: of both, only the SQLSTATE, the constraint and the
 * statement's text are shown.
 */
export function describeError(error: unknown, depth = 0): DescribedError {
  if (!(error instanceof Error)) return { type: typeof error, message: 'not an error', at: [] };
  return {
    type: error.constructor.name,
    ...messageOf(error),
    at: frames(error),
    ...(error.cause === undefined || depth === deepest
      ? {}
      : { cause: describeError(error.cause, depth + 1) }),
  };
}

function messageOf(error: Error): Omit<DescribedError, 'type' | 'at' | 'cause'> {
  const code = textOf(error, 'code');
  const statement = textOf(error, 'query');
  const constraint = textOf(error, 'constraint');
  const ofDatabase = statement !== undefined || (code !== undefined && sqlState.test(code));
  return {
    message: ofDatabase ? `the database refused a statement (${code ?? 'no code'})` : error.message,
    ...(code === undefined ? {} : { code }),
    ...(statement === undefined ? {} : { statement }),
    ...(constraint === undefined ? {} : { constraint }),
  };
}

function textOf(error: Error, member: string): string | undefined {
  const value: unknown = Reflect.get(error, member);
  return typeof value === 'string' ? value : undefined;
}

/** The stack without the message, which stands at its beginning and may have several lines. */
function frames(error: Error): readonly string[] {
  return (error.stack ?? '')
    .split('\n')
    .filter((line) => /^\s+at /.test(line))
    .map((line) => line.trim().slice(3));
}
