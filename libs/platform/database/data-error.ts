/** Whether PostgreSQL refused the data itself (SQLSTATE classes 22 and 23): then other data would pass. */
export function isDataError(error: unknown): boolean {
  return /^2[23]/.test(stateOf(error));
}

/** Whether it refused a row because there is one of that key (SQLSTATE 23505). */
export function isUniqueViolation(error: unknown): boolean {
  return stateOf(error) === '23505';
}

function stateOf(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : '';
}
