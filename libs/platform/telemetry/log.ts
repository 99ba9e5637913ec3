import type { LoggerService } from '@nestjs/common';
import { pino, type Logger } from 'pino';
import { describeError } from './describe-error.js';

/** What a log line may carry besides its message: ids, counts and durations, never an identifier of a person. */
export type LogFields = Readonly<Record<string, string | number | boolean | null | undefined>>;

/** Structured logs: one JSON line each, on standard output. */
export class Log implements LoggerService {
  private constructor(private readonly logger: Logger) {}

  /** Level is one of pino's: fatal, error, warn, info, debug, trace, silent. Lines go to standard output by default. */
  static to(service: string, level: string, destination?: { write(line: string): void }): Log {
    const options = {
      level,
      base: { service },
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label: string) => ({ level: label }) },
      serializers: { err: describeError },
    };
    return new Log(destination === undefined ? pino(options) : pino(options, destination));
  }

  info(message: string, fields: LogFields = {}): void {
    this.logger.info(fields, message);
  }

  /** Something that a person should look at before it is too late. */
  alarm(message: string, fields: LogFields = {}): void {
    this.logger.warn(fields, message);
  }

  /** The error as `describeError` shows it goes to the log. */
  failure(message: string, error: unknown, fields: LogFields = {}): void {
    this.logger.error({ ...fields, err: error }, message);
  }

  // Nest's own logger interface: its start-up chatter is for debugging.
  log(message: unknown, context?: unknown): void {
    this.logger.debug({ context: text(context) }, text(message));
  }

  error(message: unknown, ...details: readonly unknown[]): void {
    this.logger.error(
      { err: message instanceof Error ? message : undefined, detail: text(details.at(0)) },
      text(message),
    );
  }

  warn(message: unknown, ...details: readonly unknown[]): void {
    this.logger.warn({ context: text(details.at(-1)) }, text(message));
  }

  debug(message: unknown, context?: unknown): void {
    this.logger.debug({ context: text(context) }, text(message));
  }
}

function text(value: unknown): string {
  if (typeof value === 'string') return value;
  if (value instanceof Error) return describeError(value).message;
  return value === undefined ? '' : JSON.stringify(value);
}
