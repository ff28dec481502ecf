import { describe, expect, it } from 'vitest';
import type { ListInput, ListResult } from '../../lib/application/api.ts';
import { RUN_STATUSES, type RunStatus } from '../../lib/domain/run.ts';
import { createWorld, type World } from '../support/engine-world.ts';
import { createWorker } from '../support/world-worker.ts';

type Page = Extract<ListResult, { kind: 'page' }>;

const list = async (world: World, input: Partial<ListInput> = {}): Promise<Page> => {
  const result = await world.engine.listRuns({ limit: 10, from: { offset: 0 }, ...input });
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
    expect(await world.engine.listRuns({ limit: 10, from: { cursor } })).toEqual({ kind: 'bad_cursor' });
  });

  it('shows what lies beside a row too', async () => {
    const world = createWorld();
    const payload = JSON.stringify('x'.repeat(1_000));
    await world.submit({ payload });
    expect((await list(world)).runs).toMatchObject([{ payload }]);
  });
});

describe('a filtered list', () => {
  const everyStatus = async (): Promise<{ world: World; byStatus: Record<RunStatus, string> }> => {
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
    for (const status of RUN_STATUSES) {
      expect((await world.run(byStatus[status])).status).toBe(status);
    }
    return { world, byStatus };
  };

  it('by one status or several finds exactly those, newest first, and counts them', async () => {
    const { world, byStatus } = await everyStatus();
    for (const status of RUN_STATUSES) {
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
    const change = (sequence: bigint) => ({ sequence, after: { handler: 'a', status: 'ready' } as const });
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
      after: { handler: `handler-${index}`, status: 'ready' } as const,
    }));
    await Promise.all([world.engine.countChanges('shard', changes), world.engine.countChanges('shard', changes)]);
    expect(await world.ports.counts.read()).toEqual({ ready: 120 });
    expect(await world.ports.counts.read('handler-77')).toEqual({ ready: 1 });
  });
});
