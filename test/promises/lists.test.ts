import { describe, expect, it } from 'vitest';
import type { ListInput, ListResult } from '../../lib/application/api.ts';
import { compareRunIds, makeJobRunId, parseJobRunId } from '../../lib/domain/ids.ts';
import { RUN_STATUSES, type Run, type RunStatus } from '../../lib/domain/run.ts';
import { createWorld, type World } from '../support/engine-world.ts';
import { NOW, runIn } from '../support/rows.ts';
import { createWorker } from '../support/world-worker.ts';

/** Only occurrences of jobs are skipped. */
type PlainStatus = Exclude<RunStatus, 'skipped'>;
const PLAIN_STATUSES = RUN_STATUSES.filter((status) => status !== 'skipped');

type Page = Extract<ListResult, { kind: 'page' }>;

const list = async (world: World, input: Partial<ListInput> = {}): Promise<Page> => {
  const result = await world.engine.listRuns({ families: ['plain'], limit: 10, from: { offset: 0 }, ...input });
  if (result.kind !== 'page') {
    throw new Error('A page was expected');
  }
  return result;
};
const ids = ({ runs }: Page): string[] => runs.map(({ id }) => id);

/** Runs of two handlers, created a millisecond apart, in every status; the newest first. */
const populate = async (world: World, count: number): Promise<string[]> => {
  const created: string[] = [];
  for (let index = 0; index < count; index += 1) {
    const handler = index % 3 === 0 ? 'resize' : 'send_email';
    const executeAt = world.now() + (index % 4 === 0 ? 3_600_000 : 0);
    created.unshift(await world.submit({ handler, executeAt }));
    world.pass(1);
  }
  return created;
};

describe('a list', () => {
  it('has the newest first, and pages by offset', async () => {
    const world = createWorld();
    const all = await populate(world, 45);
    await world.count();
    const first = await list(world);
    expect(ids(first)).toEqual(all.slice(0, 10));
    expect(first).toMatchObject({ total: 45, partial: false });
    expect(ids(await list(world, { from: { offset: 30 } }))).toEqual(all.slice(30, 40));
    const last = await list(world, { from: { offset: 40 } });
    expect(ids(last)).toEqual(all.slice(40));
    expect(last.cursor).toBeUndefined();
    expect(ids(await list(world, { from: { offset: 45 } }))).toEqual([]);
  });

  it.each([1, 7, 10, 45, 100])('can be walked by cursor, %i at a time, each run once', async (limit) => {
    const world = createWorld();
    const all = await populate(world, 45);
    const walked: string[] = [];
    let from: ListInput['from'] = { offset: 0 };
    for (;;) {
      const page: Page = await list(world, { limit, from });
      walked.push(...ids(page));
      if (page.cursor === undefined) {
        break;
      }
      from = { cursor: page.cursor };
    }
    expect(walked).toEqual(all);
  });

  it('is not shifted by runs that are created while it is walked by cursor', async () => {
    const world = createWorld();
    const all = await populate(world, 20);
    const first = await list(world);
    await populate(world, 15);
    expect(ids(await list(world, { from: { cursor: first.cursor ?? '' } }))).toEqual(all.slice(10, 20));
  });

  it.each([
    '',
    'x',
    'AAAA',
    Buffer.from('0').toString('base64url'),
    Buffer.from('9007199254740992').toString('base64url'),
  ])('refuses a cursor that it never gave: %j', async (cursor) => {
    const world = createWorld();
    expect(await world.engine.listRuns({ families: ['plain'], limit: 10, from: { cursor } })).toEqual({
      kind: 'bad_cursor',
    });
  });

  it('shows what lies beside a row too', async () => {
    const world = createWorld();
    const payload = JSON.stringify('x'.repeat(1_000));
    await world.submit({ payload });
    expect((await list(world)).runs).toMatchObject([{ payload }]);
  });
});

describe('a filtered list', () => {
  const everyStatus = async (): Promise<{ world: World; byStatus: Record<PlainStatus, string> }> => {
    const world = createWorld();
    const worker = createWorker(world, 'worker', { slots: 4 });
    await worker.hello();
    const submitted: string[] = [];
    for (let index = 0; index < 4; index += 1) {
      submitted.push(await world.submit({ maxTries: 1 }));
      world.pass(1);
    }
    const [succeeded = '', failed = '', cancelled = '', timedOut = ''] = submitted;
    await worker.finish([worker.orderOf(succeeded)]);
    await worker.finish([worker.orderOf(failed)], { outcome: 'failed', error: 'no' });
    await worker.finish([worker.orderOf(timedOut)], { outcome: 'timed_out', error: 'late' });
    await world.engine.cancelRun(cancelled);
    await worker.finish([worker.orderOf(cancelled)], { outcome: 'cancelled' });
    const running = await world.submit();
    await worker.started(worker.orderOf(running));
    world.pass(1);
    const dispatched = await world.submit();
    world.pass(1);
    const scheduled = await world.submit({ executeAt: world.now() + 3_600_000 });
    world.pass(1);
    const ready = await world.submit({ handler: 'nobody_does' });
    await world.count();
    const byStatus = { succeeded, failed, cancelled, timed_out: timedOut, running, dispatched, scheduled, ready };
    for (const status of PLAIN_STATUSES) {
      expect((await world.run(byStatus[status])).status).toBe(status);
    }
    return { world, byStatus };
  };

  it('by one status or several finds exactly those, newest first, and counts them', async () => {
    const { world, byStatus } = await everyStatus();
    for (const status of PLAIN_STATUSES) {
      const page = await list(world, { statuses: [status] });
      expect([status, ids(page), page.total]).toEqual([status, [byStatus[status]], 1]);
    }
    const open = await list(world, { statuses: ['scheduled', 'ready', 'dispatched'] });
    expect(ids(open)).toEqual([byStatus.ready, byStatus.scheduled, byStatus.dispatched]);
    const bad = await list(world, { statuses: ['failed', 'timed_out'] });
    expect(ids(bad)).toEqual([byStatus.timed_out, byStatus.failed]);
    const waiting = await list(world, { statuses: ['scheduled', 'ready'] });
    expect(ids(waiting)).toEqual([byStatus.ready, byStatus.scheduled]);
    expect(ids(await list(world, { statuses: [] }))).toEqual([]);
  });

  it('by handler finds its runs, and with a status both must hold', async () => {
    const { world, byStatus } = await everyStatus();
    expect(ids(await list(world, { handler: 'nobody_does' }))).toEqual([byStatus.ready]);
    const both = await list(world, { handler: 'send_email', statuses: ['scheduled', 'ready'] });
    expect([ids(both), both.total]).toEqual([[byStatus.scheduled], 1]);
    const dense = await list(world, { handler: 'send_email', statuses: ['succeeded', 'cancelled'] });
    expect(ids(dense)).toEqual([byStatus.cancelled, byStatus.succeeded]);
    expect(await list(world, { handler: 'unheard_of' })).toMatchObject({ runs: [], total: 0 });
  });

  it('by cursor goes on where it stopped', async () => {
    const world = createWorld();
    const all = await populate(world, 40);
    const expected = (await Promise.all(all.map((id) => world.run(id)))).filter(({ handler }) => handler === 'resize');
    const first = await list(world, { handler: 'resize', limit: 5 });
    const second = await list(world, { handler: 'resize', limit: 50, from: { cursor: first.cursor ?? '' } });
    expect([...ids(first), ...ids(second)]).toEqual(expected.map(({ id }) => id));
    expect(second.cursor).toBeUndefined();
  });

  it('gives up after 2,000 rows that do not match, says so, and goes on from there', async () => {
    const world = createWorld();
    const needle = await world.submit();
    world.pass(1);
    const worker = createWorker(world, 'worker');
    await worker.hello();
    await worker.finish([worker.orderOf(needle)]);
    await worker.goodbye();
    for (let index = 0; index < 2_500; index += 1) {
      await world.submit({ executeAt: world.now() + 3_600_000 });
      world.pass(1);
    }
    const first = await list(world, { statuses: ['succeeded'] });
    expect(first).toMatchObject({ runs: [], partial: true });
    const second = await list(world, { statuses: ['succeeded'], from: { cursor: first.cursor ?? '' } });
    expect(ids(second)).toEqual([needle]);
    expect(second.partial).toBe(false);
  });
});

/** The runs of jobs, put there as jobs put them: under ids of their own. */
const createJobRun = async (world: World, id: string, fields: Partial<Run> = {}): Promise<Run> => {
  const job = parseJobRunId(id)?.job;
  const run = runIn('succeeded', { id, createdAt: world.now(), ...(job !== undefined && { job }), ...fields });
  await world.ports.runs.create(run, 'nonce');
  return run;
};
const ofJob = (job: string, count: number): string[] =>
  Array.from({ length: count }, (_, index) => makeJobRunId({ job, instant: NOW - (index + 1) * 60_000 }));

describe('a list of both families', () => {
  const BOTH = { families: ['plain', 'job'] } as const;

  it('is one, in the order of creation or of the occurrence', async () => {
    const world = createWorld();
    const [old = '', older = ''] = ofJob('42', 2);
    await createJobRun(world, older, { status: 'scheduled' });
    await createJobRun(world, old, { status: 'failed' });
    const plain = await world.submit({ executeAt: NOW + 3_600_000 });
    const coming = makeJobRunId({ job: '7', instant: NOW + 60_000 });
    await createJobRun(world, coming, { status: 'failed' });
    await world.count();
    const all = [coming, plain, old, older];
    const page = await list(world, BOTH);
    expect([ids(page), page.total]).toEqual([all, 4]);
    expect(ids(await list(world, { ...BOTH, statuses: ['failed'] }))).toEqual([coming, old]);
    expect(ids(await list(world, { ...BOTH, statuses: ['scheduled', 'ready'] }))).toEqual([plain, older]);
    expect(ids(await list(world, { families: ['plain'] }))).toEqual([plain]);
    expect(ids(await list(world, { families: ['job'] }))).toEqual([coming, old, older]);
    const walked: string[] = [];
    for (let from: ListInput['from'] = { offset: 0 }; ; ) {
      const some = await list(world, { ...BOTH, limit: 1, from });
      expect(some.total).toBe(4);
      walked.push(...ids(some));
      if (some.cursor === undefined) {
        break;
      }
      from = { cursor: some.cursor };
    }
    expect(walked).toEqual(all);
  });

  it('by handler finds the runs of jobs, too', async () => {
    const world = createWorld();
    const [one = '', two = ''] = ofJob('42', 2);
    await createJobRun(world, one, { handler: 'resize' });
    await createJobRun(world, two);
    const plain = await world.submit({ handler: 'resize' });
    expect(ids(await list(world, { ...BOTH, handler: 'resize' }))).toEqual([plain, one]);
    expect(ids(await list(world, { handler: 'resize' }))).toEqual([plain]);
  });

  it('refuses a cursor into a family that it does not show', async () => {
    const world = createWorld();
    const cursor = Buffer.from(`42.${NOW}`).toString('base64url');
    const asked = { limit: 10, from: { cursor } };
    expect(await world.engine.listRuns({ ...asked, families: ['plain'] })).toEqual({ kind: 'bad_cursor' });
    expect((await world.engine.listRuns({ ...asked, families: ['job'] })).kind).toBe('page');
  });

  it('shows no hidden run, and does not count it', async () => {
    const world = createWorld();
    const [gone = '', kept = ''] = [await world.submit(), await world.submit()];
    const [jobRun = ''] = ofJob('42', 1);
    await createJobRun(world, jobRun);
    for (const id of [gone, jobRun]) {
      await world.engine.noteRun(id, { hidden: true });
    }
    await world.count();
    expect(await list(world, BOTH)).toMatchObject({ total: 1, runs: [{ id: kept }] });
    expect(await list(world, { ...BOTH, statuses: ['ready'] })).toMatchObject({ total: 1, runs: [{ id: kept }] });
    expect(await world.ports.counts.read()).toMatchObject({ ready: 1 });
    expect(await world.engine.getRun(gone)).toBeUndefined();
    expect(await world.engine.cancelRun(gone)).toEqual({ kind: 'not_found' });
    expect(await world.engine.settleRun(gone, 'cancelled')).toEqual({ kind: 'not_found' });
    expect(await world.engine.noteRun(gone, { notedOutput: 'x' })).toBeUndefined();
  });
});

describe('a list of one job', () => {
  const JOB = '42';

  it('has its runs alone, newest first, and counts them', async () => {
    const world = createWorld();
    const all = ofJob(JOB, 30);
    for (const id of all) {
      await createJobRun(world, id, all.indexOf(id) % 3 === 0 ? { status: 'failed' } : {});
    }
    // Another job in the same shard, and a plain run whose handler is called like the job.
    await createJobRun(world, makeJobRunId({ job: '58', instant: NOW }));
    await world.submit({ handler: JOB });
    const input = { families: ['job'], job: JOB } as const;
    const first = await list(world, input);
    expect([ids(first), first.total, first.partial]).toEqual([all.slice(0, 10), 30, false]);
    expect(ids(await list(world, { ...input, from: { cursor: first.cursor ?? '' } }))).toEqual(all.slice(10, 20));
    expect(ids(await list(world, { ...input, from: { offset: 25 } }))).toEqual(all.slice(25));
    const failed = await list(world, { ...input, statuses: ['failed'], limit: 4 });
    expect([ids(failed), failed.total]).toEqual([all.filter((_, index) => index % 3 === 0).slice(0, 4), 10]);
  });

  it('reads one shard, by one query a page', async () => {
    const world = createWorld();
    for (const id of ofJob(JOB, 5)) {
      await createJobRun(world, id);
    }
    const calls: string[] = [];
    world.watch(({ name, when }) => {
      if (when === 'before') {
        calls.push(name);
      }
    });
    await list(world, { families: ['job'], job: JOB });
    expect(calls.filter((name) => name.startsWith('runs.'))).toEqual([
      // The second page is empty, which is how the list learns of its end.
      'runs.newestIdsOfOrigin',
      'runs.newestIdsOfOrigin',
      'runs.getMany',
    ]);
  });
});

describe('a list with conditions that no index knows', () => {
  const populated = async (count: number): Promise<{ world: World; all: readonly Run[] }> => {
    const world = createWorld();
    const all = await Promise.all(
      ofJob('42', count).map((id, index) => createJobRun(world, id, { worker: `w${index % 4}`, exitCode: index % 7 })),
    );
    await world.count();
    return { world, all };
  };
  const named = (runs: readonly Run[]): string[] => runs.map(({ id }) => id);

  it('finds and counts what matches, while reading', async () => {
    const { world, all } = await populated(100);
    const matches = ({ worker }: Run): boolean => worker === 'w2';
    const expected = named(all.filter(matches));
    const page = await list(world, { families: ['job'], matches, from: { offset: 5 } });
    expect([ids(page), page.total, page.partial]).toEqual([expected.slice(5, 15), 25, false]);
    const next = await list(world, { families: ['job'], matches, from: { cursor: page.cursor ?? '' } });
    expect(ids(next)).toEqual(expected.slice(15));
  });

  it('says when it stopped after 2,000 rows, and goes on from there', async () => {
    const { world, all } = await populated(2_500);
    const matches = ({ id }: Run): boolean => id === all[3]?.id || id === all[2_400]?.id;
    const page = await list(world, { families: ['job'], matches });
    expect(page).toMatchObject({ partial: true, total: 1, runs: [{ id: all[3]?.id }] });
    const next = await list(world, { families: ['job'], matches, from: { cursor: page.cursor ?? '' } });
    expect(next).toMatchObject({ partial: false, runs: [{ id: all[2_400]?.id }] });
    expect(next.cursor).toBeUndefined();
  });

  it('sorts what matches as it is told, and pages by offset alone', async () => {
    const { world, all } = await populated(60);
    const compare = (a: Run, b: Run): number => (a.exitCode ?? 0) - (b.exitCode ?? 0) || a.dueAt - b.dueAt;
    const matches = ({ worker }: Run): boolean => worker !== 'w0';
    const expected = named([...all].filter(matches).sort(compare));
    const input = { families: ['job'], matches, compare } as const;
    const page = await list(world, { ...input, from: { offset: 10 } });
    expect([ids(page), page.total, page.partial, page.cursor]).toEqual([expected.slice(10, 20), 45, false, undefined]);
    expect(ids(await list(world, { ...input, from: { offset: 40 } }))).toEqual(expected.slice(40));
    const byCursor = { ...input, limit: 10, from: { cursor: Buffer.from(`42.${NOW}`).toString('base64url') } };
    expect(await world.engine.listRuns(byCursor)).toEqual({ kind: 'bad_cursor' });
  });

  it('sorts the newest 2,000 at most, and says so', async () => {
    const { world, all } = await populated(2_200);
    const oldestFirst = (a: Run, b: Run): number => compareRunIds(a.id, b.id);
    const page = await list(world, { families: ['job'], compare: oldestFirst, limit: 2 });
    expect(ids(page)).toEqual([all[1_999]?.id, all[1_998]?.id]);
    expect([page.partial, page.total]).toEqual([true, 2_200]);
  });
});

const COUNTED = { status: 'ready', ofJob: false, createdAt: NOW } as const;

describe('the totals', () => {
  it('follow every change of status, and count nothing twice', async () => {
    const world = createWorld();
    const worker = createWorker(world, 'worker', { slots: 2 });
    await worker.hello();
    for (let index = 0; index < 30; index += 1) {
      await world.submit(index % 2 === 0 ? {} : { handler: 'nobody_does' });
    }
    await world.count();
    await worker.finish(worker.orders.slice(0, 2));
    await world.count();
    const total = async (input: Partial<ListInput>): Promise<number> =>
      (await list(world, { limit: 1, ...input })).total;
    expect(await total({})).toBe(30);
    expect(await total({ handler: 'nobody_does' })).toBe(15);
    expect(await total({ statuses: ['succeeded'] })).toBe(2);
    expect(await total({ statuses: ['ready'], handler: 'send_email' })).toBe(11);
    expect(await total({ statuses: ['dispatched', 'ready'] })).toBe(28);
  });

  it('are right whatever the cuts in which the stream repeats itself', async () => {
    const world = createWorld();
    const change = (sequence: bigint) => ({ sequence, after: { ...COUNTED, handler: 'a' } });
    const changes = Array.from({ length: 10 }, (_, index) => change(BigInt(index + 1)));
    for (const [from, to] of [
      [0, 4],
      [0, 2],
      [2, 7],
      [1, 10],
      [0, 10],
    ] as const) {
      await world.engine.countChanges('shard', changes.slice(from, to));
    }
    expect(await world.ports.counts.read('a')).toEqual({ ready: 10 });
  });

  it('are right when two twins of the counter work on the same batch', async () => {
    const world = createWorld();
    const changes = Array.from({ length: 120 }, (_, index) => ({
      sequence: BigInt(index + 1),
      after: { ...COUNTED, handler: `handler-${index}` },
    }));
    await Promise.all([world.engine.countChanges('shard', changes), world.engine.countChanges('shard', changes)]);
    expect(await world.ports.counts.read()).toEqual({ ready: 120 });
    expect(await world.ports.counts.read('handler-77')).toEqual({ ready: 1 });
  });
});
