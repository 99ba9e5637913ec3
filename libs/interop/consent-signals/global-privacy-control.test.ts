import { describe, expect, it } from 'vitest';
import { readGpc } from './global-privacy-control.js';

describe('Global Privacy Control', () => {
  it.each([['1'], [' 1 '], ['0, 1'], ['1,1'], [['0', '1']], [['', '0,1']]])('is on with %j', (header) => {
    expect(readGpc(header)).toBe(true);
  });

  it.each([
    [undefined],
    [''],
    ['0'],
    ['true'],
    ['"1"'],
    ['?1'],
    ['11'],
    ['01'],
    ['1.0'],
    ['1;1'],
    ['1 1'],
    [['0', '']],
    [[]],
  ])('is off with %j', (header) => {
    expect(readGpc(header)).toBe(false);
  });
});
