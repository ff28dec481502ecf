import { describe, expect, it } from 'vitest';
import { createMemoryJobStore } from '../../../lib/adapters/memory/jobs/jobs.ts';
import type { ListJobsInput, ListJobsResult } from '../../../lib/application/jobs/api.ts';
import { createListJobs } from '../../../lib/application/jobs/list-jobs.ts';
import type { JobStore } from '../../../lib/application/ports/index.ts';
import type { Job } from '../../../lib/domain/job/job.ts';
import { aJob, aSpec } from '../../support/job-rows.ts';
import { createJobWorld, type JobWorld } from './job-world.ts';

const fill = async (count: number): Promise<JobWorld> => {
  const world = createJobWorld();
  for (let job = 0; job < count; job += 1) {
    world.pass(1_000);
    const project = job % 3 === 0 ? 'p' : 'q';
    await world.make({
      name: `job ${String(job).padStart(3, '0')}`,
      state: 'paused',
      project,
      priority: (job % 10) + 1,
    });
  }
  return world;
};
const list = async (
  world: JobWorld,
  input: Partial<ListJobsInput> = {},
): Promise<Extract<ListJobsResult, { kind: 'page' }>> => {
  const page = await world.engine.jobs.list({
    ...{ index: { by: 'creation' }, descending: true, limit: 10, from: { offset: 0 } },
    ...input,
  });
  if (page.kind !== 'page') {
    throw new Error('The cursor was refused');
  }
  return page;
};
const names = ({ jobs }: { jobs: readonly { name: string }[] }): string[] => jobs.map(({ name }) => name);
const numbered = (from: number, to: number, step: number): string[] =>
  Array.from(
    { length: Math.floor((to - from) / step) + 1 },
    (_, at) => `job ${String(from + at * step).padStart(3, '0')}`,
  );

/** Every page, by its cursor. */
const readAll = async (world: JobWorld, input: Partial<ListJobsInput>): Promise<string[]> => {
  const found: string[] = [];
  let from: ListJobsInput['from'] = { offset: 0 };
  for (let page = 0; page < 100; page += 1) {
    const { cursor, ...rest } = await list(world, { ...input, from });
    found.push(...names(rest));
    if (cursor === undefined) {
      return found;
    }
    from = { cursor };
  }
  throw new Error('The list does not end');
};

describe('a list of jobs for their names', () => {
  it('finds what the list finds, and reads neither payloads nor runs', async () => {
    const world = await fill(35);
    const calls: string[] = [];
    world.watch(({ when, name }) => {
      if (when === 'before') {
        calls.push(name);
      }
    });
    const matches: ListJobsInput['matches'] = ({ project }) => project === 'p';
    const found = await world.engine.jobs.find({
      ...{ index: { by: 'creation' }, descending: false, limit: 20, from: { offset: 0 }, matches },
    });
    expect(found.kind === 'page' ? names(found) : []).toEqual(numbered(0, 34, 3));
    expect([...new Set(calls)].sort()).toEqual(['jobs.getMany', 'jobs.list']);
  });

  it('is by id as well, with the metadata of those that have any, and without the deleted', async () => {
    const world = createJobWorld();
    const plain = await world.make({ name: 'plain', payload: JSON.stringify('x'.repeat(500)) });
    const rich = await world.make({ name: 'rich', metadata: '{"owner":"ann"}' });
    const gone = await world.make({ name: 'gone' });
    await world.engine.jobs.remove(gone.id, 'ann');
    const calls: string[] = [];
    world.watch(({ when, name }) => {
      if (when === 'before') {
        calls.push(name);
      }
    });
    const found = await world.engine.jobs.describe([plain.id, rich.id, gone.id, '42']);
    expect(found).toHaveLength(2);
    expect(found.find(({ id }) => id === plain.id)).toEqual({
      ...{ id: plain.id, project: 'default', name: 'plain', category: 'default', description: '', saveLog: true },
    });
    expect(found.find(({ id }) => id === rich.id)).toMatchObject({ name: 'rich', metadata: '{"owner":"ann"}' });
    expect(calls).toEqual(['jobs.getMany', 'jobs.getSpec']);
  });
});

describe('a list of jobs', () => {
  it('is a page of an index, with the total of its counter', async () => {
    const world = await fill(25);
    expect(await list(world)).toMatchObject({ total: 25, partial: false, cursor: expect.any(String) });
    expect(names(await list(world))).toEqual(numbered(15, 24, 1).toReversed());
    expect(names(await list(world, { from: { offset: 20 } }))).toEqual(numbered(0, 4, 1).toReversed());
    expect((await list(world, { from: { offset: 20 } })).cursor).toBeUndefined();
    expect(await list(world, { from: { offset: 90 } })).toMatchObject({ jobs: [], total: 25 });
    expect(await list(world, { index: { by: 'project', project: 'p' } })).toMatchObject({ total: 9 });
    expect(await list(world, { index: { by: 'state', state: 'active' } })).toMatchObject({ total: 0, jobs: [] });
    expect(await list(world, { index: { by: 'word', prefix: 'job' } })).toMatchObject({ total: 25 });
  });

  it('goes on by its cursor, whatever it is ordered and filtered by', async () => {
    const world = await fill(35);
    expect(await readAll(world, { limit: 7, descending: false })).toEqual(numbered(0, 34, 1));
    expect(await readAll(world, { limit: 4, descending: false, matches: ({ project }) => project === 'p' })).toEqual(
      numbered(0, 34, 3),
    );
    expect(await readAll(world, { limit: 4, matches: ({ priority }) => priority === 1, descending: false })).toEqual(
      numbered(0, 34, 10),
    );
    const byPriority = await readAll(world, {
      limit: 8,
      descending: false,
      compare: (a, b) => a.priority - b.priority,
    });
    expect(byPriority.slice(0, 4)).toEqual(numbered(0, 34, 10));
    expect(byPriority).toHaveLength(35);
  });

  it('of what matches counts what matches', async () => {
    const world = await fill(35);
    const matches: ListJobsInput['matches'] = ({ priority }) => priority === 1;
    expect(await list(world, { matches, limit: 2 })).toMatchObject({ total: 4, partial: false });
    expect(await list(world, { matches, from: { offset: 3 } })).toMatchObject({
      total: 4,
      jobs: [{ name: 'job 000' }],
    });
  });

  it('costs the same however many jobs there are', async () => {
    const reads = async (count: number): Promise<string[]> => {
      const world = await fill(count);
      const calls: string[] = [];
      world.watch(({ when, name }) => {
        if (when === 'before') {
          calls.push(name);
        }
      });
      await list(world);
      return calls;
    };
    expect(await reads(300)).toEqual(await reads(20));
  });

  it('reads 2,000 in search of matches, says so, and goes on from there', async () => {
    const world = await fill(2_050);
    const matches: ListJobsInput['matches'] = ({ name }) => name === 'job 2049' || name === 'job 001';
    const found = await list(world, { matches, descending: false });
    expect(found).toMatchObject({ total: 1, partial: true, jobs: [{ name: 'job 001' }] });
    const rest = await list(world, { matches, descending: false, from: { cursor: found.cursor ?? '' } });
    expect(rest).toMatchObject({ partial: false, jobs: [{ name: 'job 2049' }] });
    expect(rest.cursor).toBeUndefined();
  });

  it.each([
    { index: { by: 'project', project: 'default' }, now: { project: 'other' } },
    { index: { by: 'category', category: 'default' }, now: { category: 'other' } },
    { index: { by: 'state', state: 'active' }, now: { state: 'paused' } },
    { index: { by: 'creation' }, now: { state: 'deleted' } },
  ] as const)('leaves out what the row says otherwise of than its index: $index', async ({ index, now }) => {
    const store = createMemoryJobStore();
    const [changed, same] = [aJob(), aJob()];
    for (const job of [changed, same]) {
      await store.create(job, aSpec());
    }
    const getMany: JobStore['getMany'] = async (ids) =>
      (await store.getMany(ids)).map((job) => (job.id === changed.id ? { ...job, ...now } : job));
    const readSpec = async () => aSpec();
    const viewJobs = async (jobs: readonly Job[]) => jobs.map((job) => ({ ...job, payload: '{}' }));
    const jobs = createListJobs({ jobs: { ...store, getMany } }, { viewJobs, readSpec });
    const page = await jobs.list({ index, descending: true, limit: 10, from: { offset: 0 } });
    expect(page.kind === 'page' && page.jobs.map(({ id }) => id)).toEqual([same.id]);
  });

  it('refuses a cursor that is none', async () => {
    const world = await fill(3);
    for (const cursor of ['x', '', Buffer.from('1:').toString('base64url').concat('=')]) {
      const page = world.engine.jobs.list({
        ...{ index: { by: 'creation' }, descending: true, limit: 10, from: { cursor } },
      });
      expect((await page).kind, cursor).toBe('bad_cursor');
    }
  });

  it('says how the last run of each stands', async () => {
    const world = createJobWorld();
    const { id } = await world.make();
    await world.live(5_000);
    expect((await list(world)).jobs).toMatchObject([{ id, last: `${id}.${world.now() - 5_000}`, lastStatus: 'ready' }]);
  });
});
