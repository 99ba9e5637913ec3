import { InvalidArgumentError } from 'commander';

/** An option's number. Throws what the command line shows. */
export function wholeNumber(text: string): number {
  if (!/^[1-9]\d{0,8}$/.test(text)) throw new InvalidArgumentError('It must be a whole number above 0.');
  return Number(text);
}
