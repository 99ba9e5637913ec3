import { describe, expect, it } from 'vitest';
import { plain } from '../paint.js';
import { RejectionReasons, renderReport, type ImportReport } from './import-report.js';

const report: ImportReport = {
  file: 'consents.csv',
  idempotencyKey: 'may',
  done: true,
  read: 1_203,
  recorded: 1_200,
  rejected: 3,
  reasons: [],
  rejects: null,
};

describe('the report of an import', () => {
  it('says how many rows were recorded, why others were not, and what to do about them', () => {
    const reasons = new RejectionReasons();
    reasons.add({ line: 3, code: 'row.invalid', pointer: '', message: 'is not JSON' });
    reasons.add({ line: 7, code: 'purpose.unknown', pointer: '/purpose', message: 'there is no purpose x' });
    reasons.add({ line: 9, code: 'purpose.unknown', pointer: '/purpose', message: 'there is no purpose y' });
    const lines = renderReport({ ...report, reasons: reasons.list(), rejects: 'rejects' }, plain);
    expect(lines.join('\n')).toMatchInlineSnapshot(`
      "consents.csv is recorded, but for the rows that were rejected.
      ┌──────────┬───────┐
      │ rows     │ 1,203 │
      ├──────────┼───────┤
      │ recorded │ 1,200 │
      ├──────────┼───────┤
      │ rejected │     3 │
      └──────────┴───────┘

      Why rows were rejected
      ┌─────────────────┬──────┬────────────┬────────────────────────────────┐
      │ reason          │ rows │ first line │ there                          │
      ├─────────────────┼──────┼────────────┼────────────────────────────────┤
      │ purpose.unknown │    2 │          7 │ /purpose there is no purpose x │
      ├─────────────────┼──────┼────────────┼────────────────────────────────┤
      │ row.invalid     │    1 │          3 │ is not JSON                    │
      └─────────────────┴──────┴────────────┴────────────────────────────────┘
      Each rejected row, with its line: rejects
      Mend them where they stand and, within 7 days, import the file again with this: it records them, and no other row twice.
        --idempotency-key may"
    `);
  });

  it('of a file without fault is short', () => {
    const lines = renderReport({ ...report, rejected: 0, read: 1_200 }, plain);
    expect(lines.join('\n')).toMatchInlineSnapshot(`
      "All of consents.csv is recorded.
      ┌──────────┬───────┐
      │ rows     │ 1,200 │
      ├──────────┼───────┤
      │ recorded │ 1,200 │
      ├──────────┼───────┤
      │ rejected │     0 │
      └──────────┴───────┘"
    `);
  });

  it('that broke off claims no more than what was answered', () => {
    const lines = renderReport({ ...report, done: false }, plain);
    expect(lines[0]).toBe('So far of consents.csv');
    expect(lines.join('\n')).not.toMatch(/is recorded/);
  });
});
