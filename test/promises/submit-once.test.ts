import { describe, expect, it } from 'vitest';
import type { SubmitInput, SubmitResult } from '../../lib/application/api.ts';
import { createWorld, type World } from '../support/engine-world.ts';
import { createWorker } from '../support/world-worker.ts';

const DAY_MS = 86_400_000;
const asked = { caller: 'me', key: 'k-1', fingerprint: 'f' };
const submit = (world: World, idempotency = asked, input: Partial<SubmitInput> = {}): Promise<SubmitResult> =>
  world.engine.submitRun({
    ...{ handler: 'send_email', pool: 'default', priority: 5, executeAt: world.now(), payload: '{}' },
    ...{ maxTries: 3, timeoutMs: 300_000, idempotency },
    ...input,
  });
const kinds = (results: readonly SubmitResult[]): string[] => results.map(({ kind }) => kind).toSorted();

describe('an Idempotency-Key', () => {
  it.each([
    ['due now, nobody there', 0, false],
    ['due now, a worker waiting', 0, true],
    ['for later', 3_600_000, true],
  ])('used by 20 requests at once makes one run (%s)', async (_case, aheadMs, withWorker) => {
    const world = createWorld();
    const worker = createWorker(world, 'worker', { slots: 30 });
    if (withWorker) {
      await worker.hello();
    }
    const executeAt = world.now() + aheadMs;
    const results = await Promise.all(Array.from({ length: 20 }, () => submit(world, asked, { executeAt })));
    expect(kinds(results)).toEqual(['created', ...Array(19).fill('replayed')]);
    const ids = new Set(results.map((result) => (result.kind === 'key_reused' ? '' : result.run.id)));
    expect(ids.size).toBe(1);
    expect(await world.allRuns()).toHaveLength(1);
    expect(worker.orders.length).toBe(withWorker && aheadMs === 0 ? 1 : 0);
  });

  it('used again answers with the run as it is now', async () => {
    const world = createWorld();
    const worker = createWorker(world, 'worker');
    await worker.hello();
    const first = await submit(world);
    await worker.finish(worker.orders);
    world.pass(DAY_MS - 60_000);
    const again = await submit(world);
    expect(again).toMatchObject({ kind: 'replayed', run: { status: 'succeeded', payload: '{}' } });
    expect(again.kind === 'replayed' && first.kind === 'created' && again.run.id === first.run.id).toBe(true);
    expect(await world.engine.findSubmitted(asked)).toMatchObject({ kind: 'replayed' });
  });

  it('with another request is refused, and nothing is written', async () => {
    const world = createWorld();
    await submit(world);
    expect(await submit(world, { ...asked, fingerprint: 'other' })).toEqual({ kind: 'key_reused' });
    expect(await world.engine.findSubmitted({ ...asked, fingerprint: 'other' })).toEqual({ kind: 'key_reused' });
    expect(await world.allRuns()).toHaveLength(1);
  });

  it('belongs to its caller', async () => {
    const world = createWorld();
    await submit(world);
    expect(await world.engine.findSubmitted({ ...asked, caller: 'you' })).toEqual({ kind: 'unknown' });
    expect((await submit(world, { ...asked, caller: 'you' })).kind).toBe('created');
    expect(await world.allRuns()).toHaveLength(2);
  });

  it('is free again after a day', async () => {
    const world = createWorld();
    await submit(world);
    world.pass(DAY_MS + 1_000);
    expect((await submit(world)).kind).toBe('created');
    expect(await world.allRuns()).toHaveLength(2);
  });

  it('whose first request died before its run was written makes the run on the second', async () => {
    const world = createWorld();
    world.watch(({ when, name }) => {
      if (when === 'before' && name === 'runs.create') {
        throw new Error('died');
      }
    });
    await expect(submit(world)).rejects.toThrow('died');
    world.watch(undefined);
    expect(await world.engine.findSubmitted(asked)).toEqual({ kind: 'unknown' });
    expect((await submit(world)).kind).toBe('created');
    expect((await submit(world)).kind).toBe('replayed');
    expect(await world.allRuns()).toHaveLength(1);
  });
});

describe('without one', () => {
  it('every request makes a run of its own, though their ids collide', async () => {
    const world = createWorld();
    // Two draws of the same millisecond that come out equal.
    let draws = 0;
    const chance = world.ports.chance;
    Object.assign(world.ports, {
      chance: () => {
        draws += 1;
        return draws <= 3 ? 0.5 : chance();
      },
    });
    const ids = [
      await world.submit({ executeAt: world.now() + DAY_MS }),
      await world.submit({ executeAt: world.now() + DAY_MS }),
    ];
    expect(new Set(ids).size).toBe(2);
    expect(await world.allRuns()).toHaveLength(2);
  });
});
