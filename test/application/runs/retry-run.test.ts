import { describe, expect, it } from 'vitest';
import type { RetryResult, RunView } from '../../../lib/application/api.ts';
import { NOW } from '../../support/rows.ts';
import { createWorker } from '../../support/world-worker.ts';
import { createJobWorld, type JobWorld, MINUTE_MS } from '../jobs/job-world.ts';

const forbid = { concurrency: 'forbid', misfire: 'fire_once', misfireCap: 100 } as const;
const KEY = { caller: 'ann', key: 'k', fingerprint: 'retry 1' };

const started = (result: RetryResult): RunView => {
  if (result.kind !== 'created' && result.kind !== 'replayed') {
    throw new Error(`No run: ${result.kind}`);
  }
  return result.run;
};

/** A job that is only started by hand, and a run of it that has ended. */
const ended = async (world: JobWorld, fields: Parameters<JobWorld['make']>[0] = {}) => {
  const { id } = await world.make({ state: 'paused', ...fields });
  const first = await world.engine.jobs.trigger(id);
  if (first.kind !== 'started') {
    throw new Error(`Not started: ${first.kind}`);
  }
  await world.end(first.run.id);
  return { id, run: first.run.id };
};

describe('a retry of what was submitted', () => {
  const submit = (world: JobWorld) =>
    world.engine.submitRun({
      ...{ handler: 'send_email', pool: 'default', priority: 2, executeAt: NOW, startBy: NOW + 5_000 },
      ...{ payload: JSON.stringify('x'.repeat(500)), maxTries: 4, timeoutMs: 9_000, needs: { tags: ['gpu'] } },
    });

  it('is the same work as a new run, to begin within as long', async () => {
    const world = createJobWorld();
    const first = started(await submit(world));
    expect(await world.engine.retryRun(first.id)).toEqual({ kind: 'not_ended' });
    await world.end(first.id);
    world.pass(MINUTE_MS);
    const again = started(await world.engine.retryRun(first.id));
    expect(again).toMatchObject({
      ...{ handler: 'send_email', priority: 2, maxTries: 4, timeoutMs: 9_000, needs: { tags: ['gpu'] } },
      ...{ payload: first.payload, executeAt: world.now(), startBy: world.now() + 5_000, tries: 0 },
    });
    expect(again.id).not.toBe(first.id);
  });

  it('under a key is one run', async () => {
    const world = createJobWorld();
    const first = started(await submit(world));
    await world.end(first.id);
    const again = started(await world.engine.retryRun(first.id, KEY));
    expect(await world.engine.retryRun(first.id, KEY)).toMatchObject({ kind: 'replayed', run: { id: again.id } });
  });

  it('of what is not there or was deleted is none', async () => {
    const world = createJobWorld();
    const first = started(await submit(world));
    await world.end(first.id);
    await world.engine.noteRun(first.id, { hidden: true });
    expect(await world.engine.retryRun(first.id)).toEqual({ kind: 'not_found' });
    expect(await world.engine.retryRun('42')).toEqual({ kind: 'not_found' });
  });
});

describe('a retry of a run of a job', () => {
  it('is another run of the job, with the version of its specification that the first had', async () => {
    const world = createJobWorld();
    const { id, run } = await ended(world);
    await world.engine.jobs.change(id, { payload: '{"to":"b@example.com"}', priority: 1 }, 'ann');
    const again = started(await world.engine.retryRun(run));
    expect(again).toMatchObject({ job: id, spec: 1, trigger: 'retry', priority: 5, payload: '{"to":"a@example.com"}' });
    expect(await world.row(id)).toMatchObject({ last: again.id, fired: 2, pend: { trigger: 'retry', spec: 1 } });
  });

  it('is seen by forbid: refused while a run goes on, and the schedule skips while it does', async () => {
    const world = createJobWorld();
    const { id, run } = await ended(world, { policy: forbid });
    const again = started(await world.engine.retryRun(run));
    expect(await world.engine.retryRun(run)).toEqual({ kind: 'busy', run: again.id });
    expect(await world.engine.jobs.trigger(id)).toEqual({ kind: 'busy', run: again.id });
    await world.engine.jobs.change(id, { state: 'active' }, 'ann');
    await world.live(MINUTE_MS);
    const others = (await world.runsOf(id)).filter((one) => one.id !== run && one.id !== again.id);
    expect(others.map(({ status }) => status)).toEqual(['skipped', 'skipped']);
  });

  it('under a key is one run', async () => {
    const world = createJobWorld();
    const { id, run } = await ended(world);
    const again = started(await world.engine.retryRun(run, KEY));
    expect(await world.engine.retryRun(run, KEY)).toMatchObject({ kind: 'replayed', run: { id: again.id } });
    expect(await world.engine.retryRun(run, { ...KEY, fingerprint: 'retry 2' })).toEqual({ kind: 'key_reused' });
    expect(await world.runsOf(id)).toHaveLength(2);
  });

  it('is refused when the job is disabled or deleted', async () => {
    const world = createJobWorld();
    const { id, run } = await ended(world);
    await world.engine.jobs.change(id, { state: 'disabled' }, 'ann');
    expect(await world.engine.retryRun(run)).toEqual({ kind: 'disabled' });
    await world.engine.jobs.remove(id, 'ann');
    expect(await world.engine.retryRun(run)).toEqual({ kind: 'disabled' });
  });

  it('of one run of a broadcast is that run again, on its worker and in its place', async () => {
    const world = createJobWorld();
    for (const name of ['a', 'b']) {
      await createWorker(world, name).hello({ name });
    }
    const { id } = await world.make({ state: 'paused', strategy: 'broadcast' });
    await world.engine.jobs.trigger(id);
    const [, second] = await world.runsOf(id);
    await world.end(second?.id ?? '');
    const again = started(await world.engine.retryRun(second?.id ?? ''));
    expect(again).toMatchObject({ needs: { workers: ['b'] }, broadcast: { index: 1, total: 2 }, trigger: 'retry' });
    expect(await world.runsOf(id)).toHaveLength(3);
  });
});
