import { describe, expect, it } from 'vitest';
import type { Idempotency } from '../../../lib/application/api.ts';
import { CRASH } from '../../support/engine-world.ts';
import { createJobWorld, MINUTE_MS } from './job-world.ts';

const asked = (fields: Partial<Idempotency> = {}): Idempotency => ({
  ...{ caller: 'ann', key: 'k1', fingerprint: 'execute' },
  ...fields,
});
const runIn = (result: object): { readonly id: string } => (result as { run: { id: string } }).run;

describe('a start by hand under a key', () => {
  it('is one run however often it is asked for, and the answer is that run', async () => {
    const world = createJobWorld();
    const { id } = await world.make({ state: 'paused' });
    const first = await world.engine.jobs.trigger(id, asked());
    expect(first.kind).toBe('started');
    world.pass(MINUTE_MS);
    const again = await world.engine.jobs.trigger(id, asked());
    expect(again).toMatchObject({ kind: 'replayed', run: { id: runIn(first).id } });
    expect((await world.engine.jobs.trigger(id, asked({ key: 'k2' }))).kind).toBe('started');
    expect((await world.engine.jobs.trigger(id, asked({ caller: 'bob' }))).kind).toBe('started');
    expect(await world.runsOf(id)).toHaveLength(3);
  });

  it('is refused for something else', async () => {
    const world = createJobWorld();
    const { id } = await world.make({ state: 'paused' });
    await world.engine.jobs.trigger(id, asked());
    expect(await world.engine.jobs.trigger(id, asked({ fingerprint: 'other' }))).toEqual({ kind: 'key_reused' });
    expect(await world.runsOf(id)).toHaveLength(1);
  });

  it.each([
    ['before', 'idempotency.reserve'],
    ['after', 'idempotency.reserve'],
    ['after', 'alarms.send'],
    ['before', 'jobs.write'],
    ['after', 'jobs.write'],
    ['before', 'runs.create'],
    ['after', 'runs.create'],
  ] as const)('that dies %s %s is repeated as one run', async (at, call) => {
    const world = createJobWorld();
    const { id } = await world.make({ state: 'paused' });
    world.watch(({ when, name }) => {
      if (when === at && name === call) {
        throw CRASH;
      }
    });
    await expect(world.engine.jobs.trigger(id, asked())).rejects.toBe(CRASH);
    world.watch(undefined);
    world.pass(700);
    const again = await world.engine.jobs.trigger(id, asked());
    expect(['started', 'replayed']).toContain(again.kind);
    await world.live(2 * MINUTE_MS);
    expect((await world.runsOf(id)).map((run) => run.id)).toEqual([runIn(again).id]);
  });

  it('is answered although the job would refuse it now, or is gone', async () => {
    const world = createJobWorld();
    const { id } = await world.make({ policy: { concurrency: 'forbid', misfire: 'fire_once', misfireCap: 100 } });
    await world.engine.jobs.change(id, { state: 'paused' }, 'ann');
    const first = await world.engine.jobs.trigger(id, asked());
    expect((await world.engine.jobs.trigger(id, asked({ key: 'k2' }))).kind).toBe('busy');
    expect((await world.engine.jobs.trigger(id, asked())).kind).toBe('replayed');
    await world.engine.jobs.remove(id, 'ann');
    expect(await world.engine.jobs.trigger(id, asked())).toMatchObject({ kind: 'replayed', run: runIn(first) });
    expect(await world.engine.jobs.trigger(id, asked({ key: 'k3' }))).toEqual({ kind: 'not_found' });
  });

  it('that was refused may be asked for again, and starts once it may', async () => {
    const world = createJobWorld();
    const { id } = await world.make({ policy: { concurrency: 'forbid', misfire: 'fire_once', misfireCap: 100 } });
    await world.engine.jobs.change(id, { state: 'paused' }, 'ann');
    const other = runIn(await world.engine.jobs.trigger(id));
    expect((await world.engine.jobs.trigger(id, asked())).kind).toBe('busy');
    await world.end(other.id);
    expect((await world.engine.jobs.trigger(id, asked())).kind).toBe('started');
  });

  it('by two at once is one run', async () => {
    const world = createJobWorld();
    const { id } = await world.make({ state: 'paused' });
    const both = await Promise.all([world.engine.jobs.trigger(id, asked()), world.engine.jobs.trigger(id, asked())]);
    expect(new Set(both.map((one) => runIn(one).id)).size).toBe(1);
    expect(await world.runsOf(id)).toHaveLength(1);
  });
});
