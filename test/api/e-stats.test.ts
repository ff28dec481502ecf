/** API E: the statistics. What they count is tested with the counters; here is how it is told. */
import { beforeEach, describe, expect, it } from 'vitest';
import { createEWorld, type EWorld } from './e-world.ts';

let e: EWorld;
beforeEach(async () => {
  e = await createEWorld();
});

const HOUR_MS = 3_600_000;
const shell = (command: string) => ({ tasks: [{ id: 'a', config: { handler: 'shell', command } }] });
let made = 0;
const addFlow = async (definition: object): Promise<string> => {
  made += 1;
  const form = { name: `flow ${made}`, flow_type: 'payment', create_user: 'admin' };
  return (await e.data<{ id: string }>('POST /api/v1/flows', { ...form, definition })).id;
};
const start = async (flow_id: string): Promise<void> => {
  made += 1;
  await e.data('POST /api/v1/transactions', { instance_id: `order_${made}`, flow_id });
};
const NONE = { running: 0, compensating: 0, failed: 0, success: 0, compensated: 0, cancelled: 0 };

describe('the overview', () => {
  it('of nothing has a rate of 1', async () => {
    expect(await e.data('GET /api/v1/stats/overview')).toEqual({
      ...{ total_transactions: 0, success_rate: 1, avg_duration: 0, exceptions_today: 0 },
      by_status: NONE,
    });
  });

  it('counts transactions by their present status, and the exceptions of the day', async () => {
    const [good, bad] = [await addFlow(shell('true')), await addFlow(shell('exit 1'))];
    for (const flow of [good, good, bad]) {
      await start(flow);
    }
    expect(await e.data('GET /api/v1/stats/overview')).toEqual({
      ...{ total_transactions: 3, success_rate: 0.6666, avg_duration: 0, exceptions_today: 1 },
      by_status: { ...NONE, success: 2, failed: 1 },
    });
  });

  it('of a window counts what began in it', async () => {
    const flow = await addFlow(shell('true'));
    await start(flow);
    e.world.pass(3 * HOUR_MS);
    await start(flow);
    expect(await e.data('GET /api/v1/stats/overview?hours=2')).toMatchObject({ total_transactions: 1 });
    expect(await e.data('GET /api/v1/stats/overview?hours=24')).toMatchObject({ total_transactions: 2 });
    e.world.pass(30 * HOUR_MS);
    expect(await e.data('GET /api/v1/stats/overview?hours=24')).toMatchObject({
      total_transactions: 0,
      success_rate: 1,
    });
    expect(await e.data('GET /api/v1/stats/overview')).toMatchObject({ total_transactions: 2, exceptions_today: 0 });
  });
});

describe('a flow', () => {
  it('has counts of its own', async () => {
    const [good, bad] = [await addFlow(shell('true')), await addFlow(shell('exit 1'))];
    for (const flow of [good, good, bad]) {
      await start(flow);
    }
    expect(await e.data(`GET /api/v1/stats/flows/${good}`)).toEqual({
      ...{ flow_id: good, total_runs: 2, success_count: 2, failed_count: 0, success_rate: 1, avg_duration: 0 },
      by_status: { ...NONE, success: 2 },
    });
    expect(await e.data(`GET /api/v1/stats/flows/${bad}?hours=1`)).toMatchObject({
      ...{ total_runs: 1, success_count: 0, failed_count: 1, success_rate: 0 },
    });
  });

  it('that is not there is not found', async () => {
    expect(await e.send('GET /api/v1/stats/flows/1')).toMatchObject({
      status: 404,
      body: { message: 'flow not found' },
    });
  });
});
