import { describe, expect, it } from 'vitest';
import { createSagaWorld, FAILED, MINUTE_MS, step } from './saga-world.ts';

const HOUR_MS = 60 * MINUTE_MS;

describe('statistics', () => {
  it('say 1 of a rate and 0 of all else where there is nothing', async () => {
    const world = await createSagaWorld();
    expect(await world.engine.sagaStats.overview()).toMatchObject({
      ...{ total: 0, successRate: 1, averageSeconds: 0, exceptionsToday: 0 },
    });
    expect(await world.engine.sagaStats.ofFlow('1')).toBeUndefined();
  });

  it('count each transaction once, with rates of the last day and exceptions of today', async () => {
    const world = await createSagaWorld();
    const [flow, other] = [await world.define([step('a')]), await world.define([step('b')])];
    await world.begin(flow, {}, 'old');
    await world.work(() => FAILED);
    await world.count();
    world.pass(48 * HOUR_MS);
    await world.worker.resume();
    for (let order = 0; order < 3; order += 1) {
      await world.begin(flow, {}, `order_${order}`);
    }
    await world.begin(other, {}, 'other');
    world.pass(4_000);
    await world.work(({ step }) => (step === 'b' ? FAILED : undefined));
    await world.count();
    expect(await world.engine.sagaStats.overview()).toMatchObject({
      total: 5,
      byStatus: { succeeded: 3, failed: 2, running: 0 },
      averageSeconds: 4,
      successRate: 0.75,
      exceptionsToday: 1,
    });
    expect(await world.engine.sagaStats.overview(24)).toMatchObject({ total: 4, successRate: 0.75 });
    expect(await world.engine.sagaStats.ofFlow(flow)).toMatchObject({ total: 4, successRate: 1 });
    expect(await world.engine.sagaStats.ofFlow(flow, 72)).toMatchObject({ total: 4, successRate: 0.75 });
    expect(await world.engine.sagaStats.ofFlow(other, 1)).toMatchObject({ total: 1, successRate: 0 });
  });
});
