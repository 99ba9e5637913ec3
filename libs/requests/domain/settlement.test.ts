import { describe, expect, it } from 'vitest';
import { settledState } from './settlement.js';

describe('the end of a request', () => {
  it.each([
    [[], 'completed'],
    [['erased', 'not_found'], 'completed'],
    [['erased', 'superseded'], 'completed'],
    [['erased', 'retained'], 'completed_with_exceptions'],
    [['held'], 'completed_with_exceptions'],
    [['erased', 'held', 'retained'], 'completed_with_exceptions'],
    [['held', 'failed'], 'partially_completed'],
    [['unsupported', 'held'], 'partially_completed'],
    [['erased', 'failed'], 'partially_completed'],
    [['retained', 'failed'], 'partially_completed'],
    [['failed', 'retained'], 'partially_completed'],
    [['erased', 'unsupported'], 'partially_completed'],
    [['erased', null], 'partially_completed'],
  ] as const)('%j is %s', (parts, state) => {
    expect(settledState(parts.map((outcome) => ({ outcome })))).toBe(state);
  });
});
