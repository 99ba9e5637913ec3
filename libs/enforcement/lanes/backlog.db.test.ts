import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { callerOf } from '#testing';
import { ReadObligations } from '../read-obligations.js';
import { Stage } from '../testing/stage.js';
import { PauseStore } from './pause-store.js';

const stores = { rows: { lane: 'a', datasets: { clicks: {} } } };
const day = 86_400_000;

let stage: Stage;
beforeAll(async () => {
  stage = await Stage.open();
});
afterAll(async () => {
  await stage.close();
});

const backlog = () => stage.engine.worker.get(ReadObligations).backlog(stage.engine.clock.now());

describe('the backlog', () => {
  it('is empty where nothing is to be done', async () => {
    expect(await backlog()).toEqual({
      ageSeconds: 0,
      overdue: 0,
      near: 0,
      types: [],
      heldUp: { circuit_open: 0, circuit_half_open: 0, paused: 0, draining: 0 },
    });
  });

  it('says what is near its deadline before it is late, in a paused store as well', async () => {
    const tenant = await stage.engine.tenant(stores);
    const reason = 'the store is being moved';
    await stage.engine.control.get(PauseStore).execute(callerOf(tenant.id), 'rows', { reason });
    // The deadline is thirty days after.
    await stage.erase(tenant, ['ann', 'bob']);
    expect(await backlog()).toMatchObject({ overdue: 0, near: 0, heldUp: { paused: 1 } });
    stage.engine.clock.advance(29.5 * day);
    const age = (29.5 * day) / 1_000;
    expect(await backlog()).toMatchObject({
      ageSeconds: age,
      overdue: 0,
      near: 2,
      types: [{ type: 'postgres', open: 2, ageSeconds: age }],
    });
    stage.engine.clock.advance(day);
    expect(await backlog()).toMatchObject({ overdue: 2, near: 0 });
  });
});
