import { DependencyError, type DependencyCode } from '#kernel';

/** SQLSTATE (PostgreSQL manual, appendix A): whole codes first, then classes. */
const codes: ReadonlyMap<string, DependencyCode> = new Map([
  ['42501', 'unauthorized'],
  ['3D000', 'unreachable'],
  ['57014', 'timeout'],
  ['55P03', 'timeout'],
  ['25P03', 'timeout'],
  ['53300', 'rate_limited'],
  ['57P01', 'unreachable'],
  ['57P02', 'unreachable'],
  ['57P03', 'unreachable'],
  ['25006', 'invalid_config'],
  ['0A000', 'not_supported'],
  ['P0001', 'conflict'],
  ['08', 'unreachable'],
  ['28', 'unauthorized'],
  ['40', 'conflict'],
  ['23', 'conflict'],
  ['42', 'invalid_config'],
  ['53', 'quota_exhausted'],
]);

const network = /^(?:E[A-Z]+|CERT_[A-Z_]+|DEPTH_ZERO_SELF_SIGNED_CERT|SELF_SIGNED_CERT_IN_CHAIN)$/;

/** PostgreSQL's messages and details quote rows: only the SQLSTATE is passed on, without the cause. */
export function translate(error: unknown): DependencyError {
  if (error instanceof DependencyError) return error;
  const state = stateOf(error);
  const code = codes.get(state) ?? codes.get(state.slice(0, 2));
  if (code !== undefined)
    return new DependencyError(code, `PostgreSQL refused a statement (SQLSTATE ${state})`);
  if (network.test(state) || isBrokenConnection(error)) {
    return new DependencyError('unreachable', 'the connection to PostgreSQL failed');
  }
  return new DependencyError('unexpected_response', 'PostgreSQL answered something unexpected');
}

/** Whether one person's rows can be the reason: a foreign key or a trigger that refuses, a value that does not convert. */
export function blamesRows(error: unknown): boolean {
  return /^(?:23|22|P0)/.test(stateOf(error));
}

function stateOf(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : '';
}

function isBrokenConnection(error: unknown): boolean {
  return (
    error instanceof Error &&
    /connection terminated|timeout exceeded when trying to connect|query read timeout/i.test(error.message)
  );
}
