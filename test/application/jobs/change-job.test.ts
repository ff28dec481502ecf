import { describe, expect, it } from 'vitest';
import type { BulkDone, BulkFilter } from '../../../lib/application/jobs/api.ts';
import { CRASH } from '../../support/engine-world.ts';
import { NOW } from '../../support/rows.ts';
import { createWorker } from '../../support/world-worker.ts';
import { createJobWorld, everyMinute, HOUR_MS, MINUTE_MS } from './job-world.ts';

describe('changing a job', () => {
  it('answers with the job as it became', async () => {
    const world = createJobWorld();
    const { id } = await world.make();
    const changed = await world.engine.jobs.change(id, { name: 'other', priority: 2, payload: '{"a":1}' }, 'ann');
    expect(changed).toMatchObject({
      kind: 'changed',
      job: { name: 'other', priority: 2, payload: '{"a":1}', spec: 2 },
    });
    expect(await world.engine.jobs.findByName('default', 'report')).toBeUndefined();
    expect((await world.engine.jobs.findByName('default', 'other'))?.id).toBe(id);
    expect(await world.ports.jobs.getSpec(id, 1)).toMatchObject({ priority: 5 });
    expect(await world.ports.jobs.getSpec(id, 2)).toMatchObject({ priority: 2, payload: '{"a":1}' });
  });

  it('runs keep the version that they were fired with', async () => {
    const world = createJobWorld();
    const { id } = await world.make();
    await world.live(5_000);
    await world.engine.jobs.change(id, { payload: '{"a":1}' }, 'ann');
    await world.live(MINUTE_MS);
    const worker = createWorker(world, 'worker', { slots: 5 });
    await worker.hello();
    expect((await world.runsOf(id)).map(({ spec }) => spec)).toEqual([1, 2]);
    const payloads = worker.orders.toSorted((a, b) => (a.run < b.run ? -1 : 1)).map(({ payload }) => payload);
    expect(payloads).toEqual(['{"to":"a@example.com"}', '{"a":1}']);
  });

  it('that is not there, or is deleted, is not found', async () => {
    const world = createJobWorld();
    const { id } = await world.make();
    expect(await world.engine.jobs.remove(id, 'ann')).toBe('removed');
    expect(await world.engine.jobs.remove(id, 'ann')).toBe('not_found');
    for (const gone of [id, '42']) {
      expect(await world.engine.jobs.get(gone)).toBeUndefined();
      expect(await world.engine.jobs.change(gone, { name: 'x' }, 'ann')).toEqual({ kind: 'not_found' });
      expect(await world.engine.jobs.trigger(gone)).toEqual({ kind: 'not_found' });
      expect(await world.engine.jobs.ledger(gone, { from: 0, to: 1, limit: 1 })).toBeUndefined();
      expect(await world.engine.jobs.listBackfills(gone)).toBeUndefined();
      expect((await world.engine.jobs.backfill(gone, { from: 0, to: 1, parallel: 1, dryRun: true }, 'ann')).kind).toBe(
        'not_found',
      );
    }
    expect((await world.make()).name).toBe('report');
  });

  it('to a name that is taken is refused', async () => {
    const world = createJobWorld();
    const { id } = await world.make();
    await world.make({ name: 'other' });
    expect(await world.engine.jobs.change(id, { name: 'other' }, 'ann')).toEqual({ kind: 'name_taken' });
  });

  it('to an expression that cannot be used is refused; one that has ended may stay', async () => {
    const world = createJobWorld();
    const schedule = { ...everyMinute, endAt: NOW + MINUTE_MS };
    const { id } = await world.make({ schedule });
    const bad = { ...everyMinute, expression: '0 0 31 2 *' };
    expect((await world.engine.jobs.change(id, { schedule: bad }, 'ann')).kind).toBe('bad_schedule');
    world.pass(HOUR_MS);
    expect((await world.engine.jobs.change(id, { schedule, name: 'x' }, 'ann')).kind).toBe('changed');
  });

  it('null takes away', async () => {
    const world = createJobWorld();
    const { id } = await world.make({ needs: { tags: ['gpu'] }, metadata: '{}' });
    await world.engine.jobs.change(id, { schedule: null, needs: null, metadata: null }, 'ann');
    const row = await world.row(id);
    for (const field of ['schedule', 'needs', 'metadata', 'next']) {
      expect(row).not.toHaveProperty(field);
    }
    expect(row).toMatchObject({ rev: 2, spec: 2 });
  });

  it('a pause cancels what was fired ahead; after a resumption the ledger says who paused', async () => {
    const world = createJobWorld();
    const worker = createWorker(world, 'worker', { slots: 5 });
    await worker.hello();
    const { id } = await world.make();
    for (let beat = 0; beat < 3; beat += 1) {
      await world.live(15_000);
      await worker.heartbeat();
    }
    await world.live(13_000);
    expect(worker.orders.map(({ run }) => run)).toContain(`${id}.${NOW + MINUTE_MS}`);
    const paused = await world.engine.jobs.change(id, { state: 'paused' }, 'ann');
    expect(paused).toMatchObject({ job: { state: 'paused', pausedBy: 'ann', lastStatus: 'cancelled' } });
    expect(worker.received).toContainEqual(
      expect.objectContaining({ type: 'cancel', run: `${id}.${NOW + MINUTE_MS}` }),
    );
    world.pass(3 * MINUTE_MS);
    await world.engine.jobs.change(id, { state: 'active' }, 'bob');
    const ledger = await world.engine.jobs.ledger(id, { from: NOW, to: NOW + 5 * MINUTE_MS, limit: 100 });
    expect(ledger?.map(({ outcome, reason, status }) => reason ?? status ?? outcome)).toEqual([
      ...['dispatched', 'cancelled', 'paused', 'paused', 'due'],
    ]);
  });
});

describe('a pause that died before it could cancel what was fired ahead', () => {
  it('does so when it is asked for again', async () => {
    const world = createJobWorld();
    const { id } = await world.make();
    await world.live(58_000);
    world.watch(({ when, name }) => {
      if (when === 'after' && name === 'jobs.write') {
        throw CRASH;
      }
    });
    await expect(world.engine.jobs.change(id, { state: 'paused' }, 'ann')).rejects.toBe(CRASH);
    world.watch(undefined);
    expect((await world.run(`${id}.${NOW + MINUTE_MS}`)).status).toBe('ready');
    await world.engine.jobs.change(id, { state: 'paused' }, 'ann');
    expect((await world.run(`${id}.${NOW + MINUTE_MS}`)).status).toBe('cancelled');
  });
});

describe('a broadcast', () => {
  it('starts one run on each worker that could execute it, each once', async () => {
    const world = createJobWorld();
    const workers = ['c', 'a', 'b'].map((name) => createWorker(world, name, { slots: 2 }));
    const other = createWorker(world, 'other', { handlers: ['resize'] });
    for (const worker of [...workers, other]) {
      await worker.hello();
    }
    const { id } = await world.make({ strategy: 'broadcast' });
    await world.live(5_000);
    const runs = await world.runsOf(id);
    expect(runs.map((run) => [run.id, run.needs?.workers, run.broadcast])).toEqual(
      ['a', 'b', 'c'].map((name, index) => [`${id}.${NOW}.${index}`, [name], { index, total: 3 }]),
    );
    expect(runs.map(({ worker }) => worker)).toEqual(['a', 'b', 'c']);
    expect(other.orders).toEqual([]);
  });

  it('goes on under forbid only when all of its runs have ended', async () => {
    const world = createJobWorld();
    const workers = ['a', 'b'].map((name) => createWorker(world, name, { slots: 2 }));
    for (const worker of workers) {
      await worker.hello();
    }
    const policy = { concurrency: 'forbid', misfire: 'fire_once', misfireCap: 100 } as const;
    const { id } = await world.make({ strategy: 'broadcast', policy });
    const [first, second] = workers;
    const beat = async (until: number): Promise<void> => {
      while (world.now() < until) {
        await world.live(15_000);
        await Promise.all(workers.map((worker) => worker.heartbeat()));
      }
    };
    await world.live(5_000);
    await first?.finish(first.orders);
    await beat(NOW + MINUTE_MS + 5_000);
    expect((await world.row(id)).pend).toMatchObject({ n: NOW + MINUTE_MS, skip: 'overlap' });
    await second?.finish(second.orders);
    await beat(NOW + 2 * MINUTE_MS);
    expect((await world.row(id)).pend).toMatchObject({ n: NOW + 2 * MINUTE_MS, workers: ['a', 'b'] });
  });

  it('to nobody waits as one run', async () => {
    const world = createJobWorld();
    const { id } = await world.make({ strategy: 'broadcast' });
    await world.live(5_000);
    const runs = await world.runsOf(id);
    expect(runs).toMatchObject([{ id: `${id}.${NOW}`, status: 'ready' }]);
    expect(runs[0]).not.toHaveProperty('broadcast');
  });
});

describe('many at once', () => {
  it('are paused and resumed by their ids or an index; those that cannot be are named', async () => {
    const world = createJobWorld();
    const jobs = [];
    for (const state of ['active', 'active', 'disabled'] as const) {
      jobs.push(await world.make({ name: `job ${jobs.length}`, state, project: 'p' }));
    }
    const ids = [...jobs.map(({ id }) => id), '42'];
    const disabled = { id: jobs[2]?.id, reason: 'disabled' };
    expect(await world.engine.jobs.setStates({ ids }, 'paused', 'ann')).toEqual({
      ...{ kind: 'done', changed: 2, failed: [disabled, { id: '42', reason: 'not_found' }] },
    });
    expect((await world.ports.jobs.count()).states).toMatchObject({ active: 0, paused: 2, disabled: 1 });
    const index = { by: 'project', project: 'p' } as const;
    expect(await world.engine.jobs.setStates({ index }, 'active', 'ann')).toEqual({
      ...{ kind: 'done', changed: 2, failed: [disabled] },
    });
    expect((await world.ports.jobs.count()).states.active).toBe(2);
  });

  it('are 200 a request, and a cursor goes on', async () => {
    const world = createJobWorld();
    for (let job = 0; job < 230; job += 1) {
      await world.make({ name: `job ${job}` });
    }
    const index = { by: 'state', state: 'active' } as const;
    const pause = async (filter: BulkFilter, cursor?: string): Promise<BulkDone> => {
      const done = await world.engine.jobs.setStates(filter, 'paused', 'ann', cursor);
      if (done.kind === 'bad_cursor') {
        throw new Error('The cursor was refused');
      }
      return done;
    };
    const first = await pause({ index });
    expect(first).toMatchObject({ changed: 200, failed: [], cursor: expect.any(String) });
    expect(await pause({ index }, first.cursor)).toEqual({ kind: 'done', changed: 30, failed: [] });
    const ids = Array.from({ length: 230 }, (_, at) => String(at + 1));
    const byId = await pause({ ids });
    expect([byId.failed.length, byId.cursor]).toEqual([200, '200']);
    expect((await pause({ ids }, byId.cursor)).failed).toHaveLength(30);
  });

  it('refuse a cursor that is none, and change nothing', async () => {
    const world = createJobWorld();
    const { id } = await world.make();
    for (const filter of [{ ids: [id] }, { index: { by: 'creation' } }] as const) {
      for (const cursor of ['x', '', '-1']) {
        expect(await world.engine.jobs.setStates(filter, 'paused', 'ann', cursor)).toEqual({ kind: 'bad_cursor' });
      }
    }
    expect((await world.row(id)).state).toBe('active');
  });
});
