import { describe, expect, it } from 'vitest';
import { type CreateRun, createCreateRun } from '../../../lib/application/runs/create-run.ts';
import { createSkipRun } from '../../../lib/application/runs/skip-run.ts';
import type { RunRequest } from '../../../lib/domain/run-decisions.ts';
import { CRASH, createWorld, type World } from '../../support/engine-world.ts';
import { aRequest, NOW, RETENTION_MS } from '../../support/rows.ts';
import { createWorker } from '../../support/world-worker.ts';

const JOB = '42';
const INSTANT = NOW - 1_000;

const request = (fields: Partial<RunRequest> = {}): RunRequest => {
  const { payload: _none, ...bare } = aRequest({ id: `${JOB}.${INSTANT}`, executeAt: NOW });
  return { ...bare, job: JOB, spec: 1, trigger: 'schedule', payloadBytes: 9, ...fields };
};
/** Without sessions to look for: what is created waits. */
const creator = (world: World): CreateRun =>
  createCreateRun(world.ports, {
    findCredit: async () => undefined,
    push: async () => undefined,
    offerRun: async () => 'no_credit',
  });

describe('creating a run under an id of its own', () => {
  it('writes it once, however often it is asked for', async () => {
    const world = createWorld();
    const createRun = creator(world);
    const first = await createRun(request());
    expect(first).toMatchObject({ kind: 'created', run: { id: `${JOB}.${INSTANT}`, status: 'ready', job: JOB } });
    const again = await createRun(request({ handler: 'another' }));
    expect(again).toEqual({ kind: 'exists', run: await world.run(first.run.id) });
    const twins = await Promise.all([1, 2, 3].map((n) => createRun(request({ id: `${JOB}.${INSTANT + (n % 2)}` }))));
    expect(twins.filter(({ kind }) => kind === 'created')).toHaveLength(1);
  });

  it('gives the push back that it had taken for a run that is there already', async () => {
    const world = createWorld();
    const worker = createWorker(world, 'worker');
    await worker.hello();
    const id = await world.submit({ executeAt: NOW + 3_600_000 });
    const taken = await world.ports.sessions.look({ pool: 'default', shard: 0, reading: 'consistent' });
    const [session] = taken.sessions;
    if (session === undefined) {
      throw new Error('The worker has a session');
    }
    const createRun = createCreateRun(world.ports, {
      findCredit: async () => {
        const credit = await world.ports.sessions.take(session, 1, world.now());
        const ref = { pool: session.pool, shard: session.shard, id: session.id };
        return credit && { session: credit, grant: { session: ref, worker: credit.name, seq: credit.q } };
      },
      push: async () => {
        throw new Error('There was nothing to push');
      },
      offerRun: async () => 'no_credit',
    });
    expect((await createRun(request({ id }))).kind).toBe('exists');
    expect((await world.ports.sessions.get(session, 'consistent'))?.q).toBe(0);
  });

  it('arms it before: a creation that dies leaves an alarm that ends by itself', async () => {
    const world = createWorld();
    world.watch(({ name, when }) => {
      if (name === 'runs.create' && when === 'before') {
        throw CRASH;
      }
    });
    await expect(creator(world)(request())).rejects.toBe(CRASH);
    world.watch(undefined);
    expect(world.alarms()).toMatchObject([{ key: { kind: 'run', id: `${JOB}.${INSTANT}` } }]);
    await world.live(200_000);
    expect(world.alarms()).toEqual([]);
    // Whoever makes up for it arms anew, and is not stopped by the mark that the first alarm left.
    expect((await creator(world)(request())).kind).toBe('created');
  });
});

describe('an occurrence that is skipped', () => {
  it('is a final run that no alarm watches', async () => {
    const world = createWorld();
    const skipRun = createSkipRun(world.ports);
    const skipped = await skipRun(request(), 'overlap');
    expect(skipped).toMatchObject({ kind: 'created', run: { status: 'skipped', skip: 'overlap', endedAt: NOW } });
    expect(skipped.run.expiresAt).toBe(NOW + RETENTION_MS);
    expect(world.alarms()).toEqual([]);
    expect(await skipRun(request(), 'deadline')).toEqual({ kind: 'exists', run: skipped.run });
    expect(await creator(world)(request())).toEqual({ kind: 'exists', run: skipped.run });
    await world.live(200_000);
    expect(await world.run(skipped.run.id)).toEqual(skipped.run);
  });

  it('does not take the place of one that was executed', async () => {
    const world = createWorld();
    const { run } = await creator(world)(request());
    expect(await createSkipRun(world.ports)(request(), 'overlap')).toEqual({ kind: 'exists', run });
  });
});
