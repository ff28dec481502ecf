import { describe, expect, it } from 'vitest';
import { createWorld } from '../support/engine-world.ts';
import { createWorker } from '../support/world-worker.ts';

describe('a large payload', () => {
  it('of more than 400 bytes lies beside the row and still arrives', async () => {
    const world = createWorld();
    const worker = createWorker(world, 'worker');
    await worker.hello();
    const payload = JSON.stringify('x'.repeat(1_000));
    const id = await world.submit({ payload });
    expect((await world.run(id)).payload).toBeUndefined();
    expect(worker.orders).toMatchObject([{ payload }]);
    expect((await world.engine.getRun(id))?.payload).toBe(payload);
  });

  it('of more than a frame holds is to be fetched', async () => {
    const world = createWorld();
    const worker = createWorker(world, 'worker');
    await worker.hello();
    const id = await world.submit({ payload: JSON.stringify('x'.repeat(30_000)) });
    expect(worker.orders).toMatchObject([{ payloadPath: `/api/runs/${id}/payload` }]);
    expect(worker.orders[0]?.payload).toBeUndefined();
  });

  it('does not push a frame beyond 32 KB: several orders become several frames', async () => {
    const world = createWorld();
    for (let index = 0; index < 5; index += 1) {
      await world.submit({ payload: JSON.stringify('x'.repeat(20_000)) });
    }
    const worker = createWorker(world, 'worker', { slots: 5 });
    await worker.hello();
    expect(worker.orders).toHaveLength(5);
    for (const { frame } of world.posted) {
      expect(Buffer.byteLength(JSON.stringify(frame))).toBeLessThanOrEqual(32 * 1024);
    }
    expect(worker.received.filter(({ type }) => type === 'run')).toHaveLength(5);
  });
});
