import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { NamedPart } from '#enforcement';
import { accounts, Holding, type TestTenant } from '#enforcement/testing';
import { account, Previewing } from '../testing/previewing.js';

const day = 86_400_000;
const stores = {
  rows: {
    lane: 'a',
    datasets: {
      clicks: {},
      invoices: { keptOn: 'legal_obligation' },
      tickets: { keptOn: 'legal_claims', keptFor: 'P1Y' },
      letters: { identifier: 'email' },
    },
  },
  vectors: { lane: 'b', datasets: { embeddings: { derivedFrom: ['rows/clicks'] } } },
};
const datasets = ['rows/clicks', 'rows/invoices', 'rows/tickets', 'rows/letters', 'vectors/embeddings'];
const people = ['ann', 'bob', 'cid', 'dee'];
/** Nobody has met this one. */
const stranger = 'eve';

const row = fc.record({
  dataset: fc.constantFrom(...datasets),
  key: fc.constantFrom(...people, stranger, 'somebody-else'),
  // Around the moment of the request: what is collected at it goes, and what is collected later stays.
  away: fc.constantFrom(-day, -1, 0, 1, day),
});
const hold = fc.oneof(
  fc.record({ datasets: fc.subarray(datasets, { minLength: 1, maxLength: 2 }) }),
  fc.subarray(people, { minLength: 1, maxLength: 2 }).map((named) => accounts(...named)),
);
const world = fc.record({
  rows: fc.array(row, { maxLength: 25 }),
  asked: fc.subarray([...people, stranger], { minLength: 1 }),
  holds: fc.array(hold, { maxLength: 2 }),
});

let previewing: Previewing;
let holding: Holding;
beforeAll(async () => {
  previewing = await Previewing.open();
  holding = new Holding(previewing.stage);
});
afterAll(() => previewing.stage.close());

const place = ({ store, dataset }: { store: string; dataset: string }) => `${store}/${dataset}`;

/** By dataset and action, how many people, and how many rows go. */
function tally(parts: readonly (Pick<NamedPart, 'action' | 'people'> & { place: string; rows: number })[]) {
  const found = new Map<string, { people: number; rows: number }>();
  for (const { place: where, action, people: more, rows } of parts) {
    const key = `${where} ${action}`;
    const known = found.get(key) ?? { people: 0, rows: 0 };
    found.set(key, { people: known.people + more, rows: known.rows + rows });
  }
  return new Map([...found].toSorted());
}

async function done(tenant: TestTenant) {
  for (let round = 0; round < 3; round++) {
    for (const store of Object.keys(stores)) await previewing.stage.run(tenant, store);
    previewing.stage.engine.clock.advance(6_000);
  }
  const names = await previewing.stage.owner<{ id: string; name: string }>(
    'select id, name from stores where tenant_id = $1',
    [tenant.id],
  );
  const all = await previewing.stage.owner<{
    store_id: string;
    dataset: string;
    outcome: string | null;
    rows: string;
    exact: boolean;
  }>(
    'select store_id, dataset, outcome, rows, exact from obligations where tenant_id = $1 and succeeds is null',
    [tenant.id],
  );
  return all.map(({ store_id: id, dataset, outcome, rows, exact }) => {
    const store = names.find((one) => one.id === id)!.name;
    const erased = outcome === 'erased' || outcome === 'not_found';
    return {
      place: `${store}/${dataset}`,
      action: erased ? 'erase' : outcome,
      people: 1,
      rows: Number(rows),
      exact,
    };
  });
}

describe('a preview of data that nobody changes', () => {
  it('is what the deletion does: row by row, with holds, with what is retained, and up to the same moment', async () => {
    await fc.assert(
      fc.asyncProperty(world, async ({ rows, asked, holds }) => {
        const { stage } = previewing;
        const tenant = await stage.engine.tenant(stores);
        for (const one of people) await stage.consent(tenant, one, 'grant', 'recommendations');
        for (const { dataset, key, away } of rows)
          stage.fill(tenant, dataset, [key], { at: stage.from(away) });
        for (const scope of holds) await holding.place(tenant, scope);
        const before = datasets.map((dataset) => stage.left(tenant, dataset));
        const preview = await previewing.preview(tenant, asked.map(account));
        expect(datasets.map((dataset) => stage.left(tenant, dataset))).toEqual(before);
        expect(preview.state).toBe('counted');
        const previewed = preview.parts!.map((part) => ({ ...part, place: place(part) }));
        await previewing.file(tenant, asked.map(account));
        const settled = await done(tenant);
        expect(settled.every(({ exact }) => exact)).toBe(true);
        // Only what is to be erased has rows that go.
        const going = previewed.map((part) => ({ ...part, rows: part.action === 'erase' ? part.rows! : 0 }));
        expect(tally(going)).toEqual(tally(settled as Parameters<typeof tally>[0]));
        for (const [index, dataset] of datasets.entries()) {
          const parts = previewed.filter((part) => part.place === dataset && part.action === 'erase');
          const gone = before[index]!.length - stage.left(tenant, dataset).length;
          expect(gone).toBe(parts.reduce((sum, part) => sum + part.rows!, 0));
        }
        // What stays is counted as well: theirs, up to now, and nobody else's.
        for (const action of ['held', 'retained'] as const)
          for (const part of previewed.filter((one) => one.action === action))
            expect(part.rows).toBeLessThanOrEqual(
              rows.filter(
                ({ dataset, key, away }) => dataset === part.place && asked.includes(key) && away <= 0,
              ).length,
            );
      }),
      { numRuns: 40 },
    );
  }, 120_000);
});
