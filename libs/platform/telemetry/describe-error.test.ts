import { QueryFailedError } from 'typeorm';
import { describe, expect, it } from 'vitest';
import { describeError } from './describe-error.js';
import { Log } from './log.js';

const person = 'someone@example.org';

function refusedByDatabase(): QueryFailedError {
  const driver = Object.assign(new Error(`invalid input: "${person}"`), {
    code: '22007',
    detail: `Key (email)=(${person}) exists`,
    constraint: 'people_uq',
  });
  return new QueryFailedError('insert into people values ($1)', [person], driver);
}

describe('an error in the log', () => {
  it('of a statement shows its text and code, never a value', () => {
    const described = describeError(refusedByDatabase());
    expect(described).toMatchObject({
      type: 'QueryFailedError',
      code: '22007',
      statement: 'insert into people values ($1)',
      constraint: 'people_uq',
      message: 'the database refused a statement (22007)',
    });
    expect(described.at.length).toBeGreaterThan(0);
    expect(JSON.stringify(described)).not.toContain(person);
  });

  it('keeps the values of a cause to itself as well', () => {
    const described = describeError(new Error('a batch failed', { cause: refusedByDatabase() }));
    expect(described).toMatchObject({ message: 'a batch failed', cause: { code: '22007' } });
    expect(JSON.stringify(described)).not.toContain(person);
  });

  it('ends at causes that go in circles', () => {
    const error = new Error('one');
    error.cause = error;
    expect(JSON.stringify(describeError(error)).match(/"one"/g)).toHaveLength(4);
  });

  it('that is none says so', () => {
    expect(describeError(person)).toEqual({ type: 'string', message: 'not an error', at: [] });
  });

  it('is so described by every way into the log', () => {
    const lines: string[] = [];
    const log = Log.to('test', 'trace', { write: (line) => void lines.push(line) });
    log.failure('x', refusedByDatabase());
    log.error(refusedByDatabase());
    log.error('x', refusedByDatabase());
    log.warn(refusedByDatabase(), 'context');
    expect(lines).toHaveLength(4);
    expect(lines.join()).toContain('22007');
    expect(lines.join()).not.toContain(person);
  });
});
