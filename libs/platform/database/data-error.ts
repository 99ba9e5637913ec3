/** Whether PostgreSQL refused the data itself (SQLSTATE classes 22 and 23): then other data would pass. */
export function isDataError(error: unknown): boolean {
  return (
    error instanceof Error && 'code' in error && typeof error.code === 'string' && /^2[23]/.test(error.code)
  );
}
