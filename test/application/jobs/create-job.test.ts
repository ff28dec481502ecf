import { describe, expect, it } from 'vitest';
import type { JobInput } from '../../../lib/application/jobs/api.ts';
import { NOW } from '../../support/rows.ts';
import { createJobWorld, DAY_MS, everyMinute, type JobWorld, jobInput } from './job-world.ts';

const asked = { caller: 'me', key: 'k-1', fingerprint: 'f' };
const create = (world: JobWorld, fields: Partial<JobInput> = {}, idempotency = asked) =>
  world.engine.jobs.create(jobInput(fields), 'ann', idempotency);

describe('creating a job', () => {
  it('answers with the job, whose first alarm was armed before its row', async () => {
    const world = createJobWorld();
    const steps: string[] = [];
    world.watch(({ when, name }) => {
      if (when === 'before') {
        steps.push(name);
      }
    });
    const job = await world.make();
    expect(steps).toEqual(['jobs.findId', 'alarms.send', 'jobs.create']);
    expect(job).toMatchObject({ name: 'report', state: 'active', next: NOW, payload: jobInput().payload });
    expect(world.alarms()).toMatchObject([{ key: { kind: 'job', id: job.id, n: NOW }, g: 1 }]);
    expect(await world.engine.jobs.get(job.id)).toEqual(job);
    expect(await world.engine.jobs.findByName('default', 'report')).toEqual(job);
    expect(await world.engine.jobs.findByName('default', 'other')).toBeUndefined();
  });

  it.each(['paused', 'disabled'] as const)('that is %s arms nothing', async (state) => {
    const world = createJobWorld();
    await world.make({ state });
    expect(world.alarms()).toEqual([]);
  });

  it('keeps a long payload with its version, and shows it all the same', async () => {
    const world = createJobWorld();
    const payload = JSON.stringify('x'.repeat(5_000));
    const { id } = await world.make({ payload, state: 'paused' });
    expect(await world.row(id)).not.toHaveProperty('payload');
    expect(await world.engine.jobs.get(id)).toMatchObject({ payload, payloadBytes: 5_002 });
  });

  it('refuses a name that is taken, and an expression that cannot be used', async () => {
    const world = createJobWorld();
    await world.make();
    expect(await world.engine.jobs.create(jobInput(), 'ann')).toEqual({ kind: 'name_taken' });
    const schedule = { ...everyMinute, expression: '61 * * * *' };
    const bad = await world.engine.jobs.create(jobInput({ name: 'other', schedule }), 'ann');
    expect(bad).toMatchObject({ kind: 'bad_schedule', problem: expect.any(String) });
    expect(world.alarms()).toHaveLength(1);
  });

  it('draws another id where one is taken', async () => {
    const world = createJobWorld();
    Object.assign(world.ports, { chance: () => 0.5 });
    const first = await world.make();
    let draws = 0;
    Object.assign(world.ports, {
      chance: () => {
        draws += 1;
        return draws === 1 ? 0.5 : 0.7;
      },
    });
    const second = await world.make({ name: 'other' });
    expect(second.id).not.toBe(first.id);
    expect(await world.row(first.id)).toMatchObject({ name: 'report' });
  });
});

describe('an Idempotency-Key', () => {
  it('used by ten requests at once makes one job', async () => {
    const world = createJobWorld();
    const made = await Promise.all(Array.from({ length: 10 }, () => create(world)));
    expect(made.map(({ kind }) => kind).toSorted()).toEqual(['created', ...Array(9).fill('replayed')]);
    expect((await world.ports.jobs.count()).states.active).toBe(1);
  });

  it('with another request is refused, and of another caller is another key', async () => {
    const world = createJobWorld();
    await create(world);
    expect(await create(world, { name: 'b' }, { ...asked, fingerprint: 'g' })).toEqual({ kind: 'key_reused' });
    expect((await create(world, { name: 'b' }, { ...asked, caller: 'you' })).kind).toBe('created');
  });

  it('is answered with the job as it is now, also where it could not be made any more', async () => {
    const world = createJobWorld();
    const schedule = { ...everyMinute, endAt: NOW + 3_600_000 };
    const first = await create(world, { schedule });
    const id = first.kind === 'created' ? first.job.id : '';
    await world.engine.jobs.change(id, { name: 'renamed' }, 'ann');
    world.pass(DAY_MS / 2);
    expect(await create(world, { schedule })).toMatchObject({ kind: 'replayed', job: { id, name: 'renamed' } });
  });

  it('whose request died before its row makes the job on the second try', async () => {
    const world = createJobWorld();
    world.watch(({ when, name }) => {
      if (when === 'before' && name === 'jobs.create') {
        throw new Error('died');
      }
    });
    await expect(create(world)).rejects.toThrow('died');
    world.watch(undefined);
    expect((await create(world)).kind).toBe('created');
    expect((await create(world)).kind).toBe('replayed');
  });
});
