import { PassThrough } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { exportProgress, importProgress } from './progress.js';

/** What is written where there is no terminal. */
function plainStream(): { readonly stream: NodeJS.WriteStream; readonly text: () => string } {
  const stream = new PassThrough();
  let text = '';
  stream.setEncoding('utf8').on('data', (part: string) => (text += part));
  return { stream: stream as unknown as NodeJS.WriteStream, text: () => text };
}

describe('progress where there is no terminal', () => {
  it('of an import is plain lines, without control characters', () => {
    const { stream, text } = plainStream();
    const progress = importProgress('consents.csv', 2_000_000, stream);
    progress.show(0, { read: 0, recorded: 0, rejected: 0 });
    progress.show(1_000_000, { read: 10, recorded: 9_000, rejected: 1 });
    progress.stop();
    expect(text().trimEnd().split('\n')).toEqual([
      'importing consents.csv: 0 bytes of 2.0 MB  0 recorded  0 rejected',
      'importing consents.csv: 1.0 MB of 2.0 MB  9,000 recorded  1 rejected',
    ]);
  });

  it('is nothing where nothing came of it', () => {
    const { stream, text } = plainStream();
    importProgress('consents.csv', 1, stream).stop();
    expect(text()).toBe('');
  });

  it('of a source without an end, and of an export, says how much there was', () => {
    const { stream, text } = plainStream();
    const coming = importProgress('standard input', undefined, stream);
    coming.show(1_500, { read: 10, recorded: 10, rejected: 0 });
    coming.stop();
    const going = exportProgress(stream);
    going.show(1_234, 5_678);
    going.stop();
    expect(text()).toContain('importing standard input: 1.5 kB  10 recorded  0 rejected\n');
    expect(text()).toContain('exporting  1,234 rows  5.7 kB\n');
  });
});
