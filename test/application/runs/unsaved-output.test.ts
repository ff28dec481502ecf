import { describe, expect, it } from 'vitest';
import type { RunResult } from '../../../lib/contracts/frames.ts';
import { createWorker, type WorldWorker } from '../../support/world-worker.ts';
import { createJobWorld, type JobWorld } from '../jobs/job-world.ts';

const form = (saveLog: boolean) => ({ name: 't', project: 'p', category: 'c', description: '', saveLog });

const withWorker = async (): Promise<readonly [JobWorld, WorldWorker]> => {
  const world = createJobWorld();
  const worker = createWorker(world, 'worker', { slots: 9 });
  await worker.hello();
  return [world, worker];
};

/** Starts a run of a job. */
const runOf = async (world: JobWorld, saveLog: boolean): Promise<string> => {
  const { id } = await world.make({ state: 'paused', saveLog });
  const started = await world.engine.jobs.trigger(id);
  return started.kind === 'started' ? started.run.id : '';
};

const SHORT = { output: 'out', log: 'log' };
const LONG = { output: 'o'.repeat(5_000), log: 'l'.repeat(5_000) };

describe('a run whose output is not kept', () => {
  it.each([
    ['of a job', (world: JobWorld) => runOf(world, false)],
    ['of a task', (world: JobWorld) => world.submit({ task: form(false) })],
  ] as const)('%s: nothing of it is asked for, and nothing of it stays', async (_what, start) => {
    for (const texts of [SHORT, LONG]) {
      const [world, worker] = await withWorker();
      const run = await start(world);
      expect(worker.orderOf(run)).not.toHaveProperty('stream');
      await worker.finish([worker.orderOf(run)], texts);
      const view = await world.engine.getRun(run);
      expect(view?.status).toBe('succeeded');
      expect([view?.output, view?.log]).toEqual([undefined, undefined]);
      expect((await world.engine.logs.read(run, 0, 100))?.text).toBe('');
      expect(await world.ports.data.getReport(run, 1)).toBeUndefined();
    }
  });

  it.each([
    ['short', 'it broke'],
    ['long', 'e'.repeat(3_000)],
  ])('keeps its error, which says why it failed: %s', async (_length, error) => {
    const [world, worker] = await withWorker();
    const run = await runOf(world, false);
    const failed: Partial<RunResult> = { outcome: 'failed', reason: 'handler_failed', error, ...LONG };
    await worker.finish([worker.orderOf(run)], failed);
    const view = await world.engine.getRun(run);
    expect(view).toMatchObject({ status: 'failed', error });
    expect([view?.output, view?.log]).toEqual([undefined, undefined]);
  });

  it('that was cancelled keeps no more of it', async () => {
    const [world, worker] = await withWorker();
    const run = await runOf(world, false);
    const order = worker.orderOf(run);
    await world.engine.cancelRun(run);
    await worker.finish([order], { outcome: 'cancelled', error: 'stopped', ...SHORT });
    const view = await world.engine.getRun(run);
    expect(view).toMatchObject({ status: 'cancelled', evidence: { state: 'exited' }, error: 'stopped' });
    expect([view?.output, view?.log]).toEqual([undefined, undefined]);
  });

  it('is what the form says, once a person has said so', async () => {
    const [world, worker] = await withWorker();
    const run = await runOf(world, false);
    await world.engine.noteRun(run, { task: form(true) });
    await worker.finish([worker.orderOf(run)], SHORT);
    expect(await world.engine.getRun(run)).toMatchObject(SHORT);
  });
});

it('any other run keeps it', async () => {
  const [world, worker] = await withWorker();
  for (const run of [await runOf(world, true), await world.submit({ task: form(true) }), await world.submit()]) {
    expect(worker.orderOf(run)).toMatchObject({ stream: true });
    await worker.finish([worker.orderOf(run)], SHORT);
    expect(await world.engine.getRun(run)).toMatchObject(SHORT);
  }
});
