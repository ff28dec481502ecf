import { describe, expect, it } from 'vitest';
import { createEngine } from '../../lib/application/engine.ts';
import { createParts } from '../../lib/application/parts.ts';
import { createOutputOf } from '../../lib/application/sagas/outputs.ts';
import { createWorld } from '../support/engine-world.ts';
import { aRequest } from '../support/rows.ts';
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

  it('is its own, though another draws the same id at the same moment', async () => {
    const world = createWorld();
    const draws = [0.5, 0.5, 0.5, 0.1, 0.2];
    const engine = createEngine({ ...world.ports, chance: () => draws.shift() ?? Math.random() });
    const texts = ['a', 'b', 'c'].map((letter) => JSON.stringify(letter.repeat(1_000)));
    const submitted = await Promise.all(
      texts.map((payload) =>
        engine.submitRun({
          ...{ handler: 'send_email', pool: 'default', priority: 5, executeAt: world.now() },
          ...{ maxTries: 3, timeoutMs: 300_000, payload },
        }),
      ),
    );
    const ids = submitted.map((result) => ('run' in result ? result.run.id : result.kind));
    expect(new Set(ids).size).toBe(3);
    for (const [index, id] of ids.entries()) {
      expect((await engine.getRun(id))?.payload).toBe(texts[index]);
    }
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

describe('an output of a step that is too long for a result', () => {
  const STEP = '7730941132800~ask~1';
  const everyPool = () => true;
  const withStep = async () => {
    const world = createWorld();
    const worker = createWorker(world, 'worker');
    await worker.hello();
    await createParts(world.ports).createRun(aRequest({ id: STEP, executeAt: world.now() }));
    return { world, worker };
  };

  it('is asked for by a path of its attempt; of no other run', async () => {
    const { world, worker } = await withStep();
    expect(worker.orderOf(STEP).outputPath).toBe(`/api/runs/${STEP}/output?attempt=1`);
    await worker.finish([worker.orderOf(STEP)]);
    const id = await world.submit();
    expect(worker.orderOf(id)).not.toHaveProperty('outputPath');
  });

  it('is whole for the steps after it, and begins what people are shown', async () => {
    const { world, worker } = await withStep();
    const pieces = ['{"rows":[', '1,'.repeat(100_000), '2]}'];
    for (const [piece, text] of pieces.entries()) {
      const asked = { run: STEP, attempt: 1, piece, text, servesPool: everyPool };
      expect(await world.engine.storeOutput(asked)).toBe('stored');
    }
    await worker.finish([worker.orderOf(STEP)], { outputPieces: 3, log: 'a line' });
    const run = await world.run(STEP);
    expect(run).toMatchObject({ status: 'succeeded', reportStored: true });
    expect(await createOutputOf(world.ports)(run)).toBe(pieces.join(''));
    const shown = await world.engine.getRun(STEP);
    expect(shown).toMatchObject({ status: 'succeeded', log: 'a line' });
    expect(shown?.output).toMatch(/^\{"rows":\[\n… \[the output is longer\]$/);
    expect(shown).not.toHaveProperty('outputPieces');
  });

  it('is taken of the attempt that is in flight alone, from who serves its pool', async () => {
    const { world, worker } = await withStep();
    const piece = { run: STEP, attempt: 1, piece: 0, text: 'x', servesPool: everyPool };
    const { storeOutput } = world.engine;
    expect(await storeOutput({ ...piece, servesPool: (pool) => pool === 'gpu' })).toBe('not_found');
    expect(await storeOutput({ ...piece, attempt: 2 })).toBe('stale');
    expect(await storeOutput({ ...piece, run: '7730941132800~none~1' })).toBe('not_found');
    await worker.finish([worker.orderOf(STEP)]);
    expect(await storeOutput(piece)).toBe('stale');
    const plain = await world.submit();
    expect(await storeOutput({ ...piece, run: plain })).toBe('not_found');
    expect(await world.ports.data.getOutput(STEP, 1, 1)).toBeUndefined();
  });

  it('of one that a function executed is kept by it', async () => {
    const world = createWorld();
    await createParts(world.ports).createRun(
      aRequest({ id: STEP, executeAt: world.now(), pool: 'lambda', handler: 'http' }),
    );
    const [order = { run: '', attempt: 0 }] = world.orders;
    await world.engine.executeRun(order, async ({ run, attempt }, storeOutput) => {
      await storeOutput(['first, ', 'second']);
      return { run, attempt, outcome: 'succeeded', outputPieces: 2, startedAt: world.now(), durationMs: 1 };
    });
    expect(await createOutputOf(world.ports)(await world.run(STEP))).toBe('first, second');
  });
});
