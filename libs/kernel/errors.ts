/** How a refusal of the rules reads to a caller; the HTTP filter maps each to one status. */
export type RefusalKind = 'invalid' | 'unauthenticated' | 'forbidden' | 'not_found' | 'conflict' | 'limited';

interface RefusalDetails {
  readonly cause?: unknown;
  /** JSON Pointer (RFC 6901) to the part of the input at fault. */
  readonly pointer?: string;
  /** Further faults of the same input, each with its own pointer. */
  readonly faults?: readonly Fault[];
}

/** One fault of a document or request: where (JSON Pointer) and what, without personal data. */
export interface Fault {
  readonly pointer: string;
  readonly message: string;
  /** Of a document made from several files: the one at fault. */
  readonly file?: string;
  /** In a document's text, from 1. */
  readonly line?: number;
}

/** The rules say no. `code` is stable and documented; the message may quote what the caller sent, never personal data. */
export class DomainError extends Error {
  override readonly name = 'DomainError';
  readonly pointer: string | undefined;
  readonly faults: readonly Fault[];

  constructor(
    readonly kind: RefusalKind,
    readonly code: string,
    message: string,
    details: RefusalDetails = {},
  ) {
    super(message, { cause: details.cause });
    this.pointer = details.pointer;
    this.faults = details.faults ?? [];
  }
}

/** What can go wrong outside of us, and passes or not; connectors use the same words. */
export type DependencyCode =
  | 'unreachable'
  | 'unauthorized'
  | 'rate_limited'
  | 'quota_exhausted'
  | 'timeout'
  | 'invalid_config'
  | 'not_supported'
  | 'conflict'
  | 'unexpected_response';

/** Something outside (a database, a store, a queue) failed. The message carries no row content and no secret. */
export class DependencyError extends Error {
  override readonly name = 'DependencyError';

  constructor(
    readonly code: DependencyCode,
    message: string,
    options: { readonly cause?: unknown } = {},
  ) {
    super(message, options);
  }
}

/** Ends a switch over a union: a new member that nobody handles does not compile. */
export function assertNever(value: never): never {
  throw new TypeError(`unexpected value of type ${typeof value}`);
}
