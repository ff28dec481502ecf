import { describe, expect, it } from 'vitest';
import type { ConcurrencyPolicy } from '../../../lib/domain/job/job.ts';
import { NOW } from '../../support/rows.ts';
import { createWorker } from '../../support/world-worker.ts';
import { createJobWorld, everyMinute, HOUR_MS, MINUTE_MS } from './job-world.ts';

/** The calls of ports that the second fire of a job makes, while a worker has a free slot. */
const callsOfFire = async (concurrency: ConcurrencyPolicy): Promise<string[]> => {
  const world = createJobWorld();
  const worker = createWorker(world, 'worker', { slots: 5 });
  await worker.hello();
  const { id } = await world.make({ policy: { concurrency, misfire: 'fire_once', misfireCap: 100 } });
  await world.live(2_000);
  await worker.finish(worker.holding());
  for (let beat = 0; beat < 3; beat += 1) {
    await world.live(15_000);
    await worker.heartbeat();
  }
  const [alarm] = world.chainAlarms(id);
  if (alarm === undefined) {
    throw new Error('Nothing watches the job');
  }
  world.pass(alarm.dueAt - world.now());
  const calls: string[] = [];
  world.watch(({ when, name }) => {
    if (when === 'before') {
      calls.push(name);
    }
  });
  await world.engine.ring(alarm);
  world.watch(undefined);
  expect(worker.orderOf(`${id}.${NOW + MINUTE_MS}`)).toMatchObject({ notBefore: NOW + MINUTE_MS });
  return calls;
};

describe('what a fire costs while nobody is busy', () => {
  it.each(['allow', 'forbid', 'replace'] as const)(
    '%s: two reads of rows, two writes, and two alarms',
    async (policy) => {
      const calls = await callsOfFire(policy);
      expect(calls.filter((name) => name !== 'sessions.look' && !name.startsWith('needs.'))).toEqual([
        'jobs.get',
        // Help: the run of the fire before. The same read tells forbid and replace how it stands.
        'runs.get',
        'alarms.send',
        'jobs.write',
        'sessions.take',
        'alarms.send',
        'runs.create',
        'sockets.post',
      ]);
    },
  );

  it('after more than an hour no run is read at all', async () => {
    const world = createJobWorld();
    const { id } = await world.make({ schedule: { ...everyMinute, expression: '0 */2 * * *' } });
    await world.live(2 * HOUR_MS - 10_000);
    const calls: string[] = [];
    world.watch(({ when, name, args }) => {
      if (when === 'before' && name === 'runs.get' && args[0] === `${id}.${NOW}`) {
        calls.push(String(args[1]));
      }
    });
    const [alarm] = world.chainAlarms(id);
    world.pass((alarm?.dueAt ?? 0) - world.now());
    await world.engine.ring(alarm ?? expect.fail('no alarm'));
    expect(calls).toEqual([]);
    expect(await world.instantsOf(id)).toEqual([NOW, NOW + 2 * HOUR_MS]);
  });
});

describe('occurrences', () => {
  it('of many jobs at the same second all fire ahead of it', async () => {
    const world = createJobWorld();
    for (let job = 0; job < 200; job += 1) {
      await world.make({ name: `job ${job}` });
    }
    await world.live(58_000);
    const runs = await world.allRuns();
    expect(runs.filter(({ executeAt }) => executeAt === NOW + MINUTE_MS)).toHaveLength(200);
  });
});

describe('reading a schedule', () => {
  it('says what it means, or what is wrong with it', () => {
    const { engine } = createJobWorld();
    expect(engine.jobs.read(everyMinute)).toMatchObject({ kind: 'valid', next: expect.any(Array) });
    expect(engine.jobs.read({ ...everyMinute, expression: 'no' })).toMatchObject({ kind: 'invalid' });
  });
});

describe('an alarm', () => {
  it('of a row that is none of a job is a fault', () => {
    const { engine } = createJobWorld();
    const alarm = { g: 1, dueAt: NOW, hop: 0, armedAt: NOW, nonce: 'n' };
    expect(() => engine.jobs.ring({ ...alarm, key: { kind: 'run', id: '1' } })).toThrow('none of a job');
  });
});
