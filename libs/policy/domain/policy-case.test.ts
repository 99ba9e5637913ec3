import { describe, expect, it } from 'vitest';
import { DomainError } from '#kernel';
import { parsePolicy } from './compose-policy.js';
import { parseCases, runCase } from './policy-case.js';

const policy = parsePolicy(`
purposes:
  ads: { title: Ads, legalBasis: consent }
  service: { title: Service, legalBasis: contract }
retention:
  clicks: { match: { category: user.behavior }, keep: P1M }
  of-service: { match: { category: user.behavior, purpose: service }, keep: P2M, exceptions: [{ match: { store: shop }, basis: legal_claims, until: 2026-06-30 }] }
  logs: { match: { category: system.operations }, atLeast: P1Y }
  forever: { match: { category: user.content }, keep: indefinitely, reason: r }
erasure:
  all: { then: purge }
  invoices: { match: { dataset: invoices }, then: { retain: { basis: legal_obligation } } }
  names: { match: { category: user.name }, then: { redact: hash } }
clocks: { answer: { within: P1M } }
`);

function answer(given: string, expected: string) {
  const [one] = parseCases({
    name: 'a.test.yaml',
    text: `cases: { it: { given: { ${given} }, expect: { ${expected} } } }`,
  });
  return runCase(policy, one!).differences;
}

const clicks = 'category: user.behavior, from: { collected: 2026-01-31T00:00:00Z }';

describe('a case', () => {
  it.each([
    [`${clicks}, on: 2026-02-28T23:00:00Z`, 'then: keep, rule: clicks, until: 2026-03-01'],
    [`${clicks}, on: 2026-03-01`, 'then: purge, rule: clicks'],
    [
      `${clicks}, purposes: [ads, service], on: 2026-03-20`,
      'then: keep, rule: of-service, until: 2026-03-31T00:00:00.001Z',
    ],
    [`${clicks}, purposes: [service], store: shop, on: 2026-06-30`, 'then: keep, rule: of-service'],
    [`${clicks}, purposes: [service], store: shop, on: 2026-07-01`, 'then: purge, rule: of-service'],
    [
      'category: system.operations, from: { collected: 2026-01-01 }, on: 2026-02-01',
      'then: keep, rule: logs, until: 2027-01-01T00:00:00.001Z',
    ],
    ['category: user.content, from: { collected: 1999-01-01 }, on: 2026-02-01', 'then: keep, rule: forever'],
    ['category: user.contact', 'then: nothing'],
    [
      'request: deletion, category: user.behavior, on: 2026-01-31T10:00:00Z',
      'then: purge, rule: all, deadline: 2026-02-28T10:00:00Z, clock: answer',
    ],
    ['request: deletion, dataset: invoices', 'then: retain, rule: invoices, basis: legal_obligation'],
    ['request: deletion, category: user.name.first', 'then: redact, rule: names'],
  ])('{ %s } holds: { %s }', (given, expected) => {
    expect(answer(given, expected)).toEqual([]);
  });

  it('that does not hold says what was expected and what came', () => {
    expect(answer(`${clicks}, on: 2026-03-01`, 'then: keep, basis: contract')).toEqual([
      { member: 'then', expected: 'keep', got: 'purge' },
      { member: 'basis', expected: 'contract', got: 'nothing' },
    ]);
  });

  it.each([
    ['cases: { a: { given: {}, expect: { then: vanish } } }', '/cases/a/expect/then'],
    ['cases: { a: { given: { on: yesterday }, expect: {} } }', '/cases/a/given/on'],
    ['cases: { a: { given: { color: red }, expect: {} } }', '/cases/a/given'],
    ['cases: [', ''],
    ['case: {}', '/cases'],
  ])('that cannot be read is refused with its place: %s', (text, pointer) => {
    try {
      parseCases({ name: 'bad.test.yaml', text });
      expect.unreachable();
    } catch (error) {
      expect(error).toBeInstanceOf(DomainError);
      expect((error as DomainError).faults[0]).toMatchObject({ file: 'bad.test.yaml', line: 1, pointer });
    }
  });
});
