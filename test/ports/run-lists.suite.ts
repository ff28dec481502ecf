import { describe, expect, it } from 'vitest';
import type { RunStore } from '../../lib/application/ports/index.ts';
import { queueOf } from '../../lib/domain/fleet/needs.ts';
import type { Run, RunStatus } from '../../lib/domain/run.ts';
import { cancel, claim, endBadly, fallDue, undoClaim } from '../../lib/domain/run-decisions.ts';
import { aGrant, NOW, RETENTION_MS, runIn } from '../support/rows.ts';
import { freshId } from './fresh-id.ts';

const END = { now: NOW + 5_000, retentionMs: RETENTION_MS };
/** An index is a hint: it shows a write soon, not at once. */
const SOON = { timeout: 10_000 };

let pools = 0;
const freshPool = (): string => {
  pools += 1;
  return `pool-${pools}`;
};

/** What can be found of runs without knowing their ids. */
export const runListsSuite = (open: () => { readonly runs: RunStore }): void => {
  const runs = (): RunStore => open().runs;
  const store = async (status: RunStatus, fields: Partial<Run>): Promise<Run> => {
    const run = runIn(status, { id: freshId(), ...fields });
    await runs().create(run, 'nonce');
    return run;
  };
  const ids = (found: readonly { readonly id: string }[]): string[] => found.map(({ id }) => id);

  describe('the ready index', () => {
    it('shows the head of a handler by priority, then due time, then age', async () => {
      const pool = freshPool();
      const late = await store('ready', { pool, priority: 5, dueAt: NOW + 9 });
      const early = await store('ready', { pool, priority: 5, dueAt: NOW + 1 });
      const younger = await store('ready', { pool, priority: 5, dueAt: NOW + 1 });
      const urgent = await store('ready', { pool, priority: 1, dueAt: NOW + 50 });
      const last = await store('ready', { pool, priority: 10, dueAt: NOW });
      const head = (limit: number) => runs().readyHead({ pool, shard: 0, queue: 'send_email', limit });
      await expect
        .poll(async () => ids(await head(10)), SOON)
        .toEqual([urgent.id, early.id, younger.id, late.id, last.id]);
      expect(ids(await head(2))).toEqual([urgent.id, early.id]);
    });

    it('shows all that a claim needs, so that taking a run costs no read of its row', async () => {
      const pool = freshPool();
      const run = await store('ready', { pool, g: 3, attempt: 2, fence: 1, readyAt: NOW - 7 });
      await expect
        .poll(() => runs().readyHead({ pool, shard: 0, queue: 'send_email', limit: 1 }), SOON)
        .toMatchObject([
          {
            ...{ id: run.id, handler: 'send_email', queue: 'send_email', priority: 5, dueAt: NOW },
            ...{ attempt: 2, g: 3, fence: 1, readyAt: NOW - 7 },
          },
        ]);
    });

    it('keeps runs of one handler with other needs apart, whatever the order that they were written in', async () => {
      const pool = freshPool();
      const plain = await store('ready', { pool, needs: { tags: [] } });
      const gpu = await store('ready', { pool, needs: { tags: ['gpu', 'big'] } });
      const sameNeeds = await store('ready', { pool, needs: { tags: ['big', 'gpu'], workers: [] } });
      const other = await store('ready', { pool, needs: { category: 'etl' } });
      const head = async (run: Run) => ids(await runs().readyHead({ pool, shard: 0, queue: queueOf(run), limit: 10 }));
      await expect.poll(() => head(gpu), SOON).toEqual([gpu.id, sameNeeds.id]);
      await expect.poll(() => head(other), SOON).toEqual([other.id]);
      expect(await head(plain)).toEqual([plain.id]);
      expect(await runs().readyHead({ pool, shard: 0, queue: queueOf(other), limit: 1 })).toMatchObject([
        { handler: 'send_email', queue: queueOf(other) },
      ]);
    });

    it('shows what has waited too long in one class of priority (D6)', async () => {
      const pool = freshPool();
      const oldest = await store('ready', { pool, priority: 8, dueAt: NOW - 9 });
      const old = await store('ready', { pool, priority: 8, dueAt: NOW });
      await store('ready', { pool, priority: 8, dueAt: NOW + 1 });
      await store('ready', { pool, priority: 7, dueAt: NOW - 90 });
      await store('ready', { pool, priority: 8, dueAt: NOW - 90, handler: 'other' });
      const aged = async (priority: number, limit = 10) =>
        ids(
          await runs().readyHead({
            ...{ pool, shard: 0, queue: 'send_email', limit },
            aged: { priority, dueBy: NOW },
          }),
        );
      await expect.poll(() => runs().readyIds({ pool, shard: 0, limit: 10 }), SOON).toHaveLength(5);
      await expect.poll(() => aged(8), SOON).toEqual([oldest.id, old.id]);
      expect(await aged(8, 1)).toEqual([oldest.id]);
      expect(await aged(9)).toEqual([]);
    });

    it('keeps handlers, shards and pools apart', async () => {
      const pool = freshPool();
      const mine = await store('ready', { pool, readyShard: 1 });
      await store('ready', { pool, readyShard: 1, handler: 'send_email_later' });
      await store('ready', { pool, readyShard: 0 });
      await store('ready', { pool: `${pool}-other`, readyShard: 1 });
      const head = () => runs().readyHead({ pool, shard: 1, queue: 'send_email', limit: 10 });
      await expect.poll(async () => ids(await head()), SOON).toEqual([mine.id]);
      await expect.poll(() => runs().readyIds({ pool, shard: 1, limit: 10 }), SOON).toHaveLength(2);
    });

    it('loses a run with its claim, and has it again with a burned number when the claim is undone', async () => {
      const pool = freshPool();
      const run = await store('ready', { pool, readyAt: NOW });
      const head = () => runs().readyHead({ pool, shard: 0, queue: 'send_email', limit: 1 });
      const claimed = await runs().commit(claim({ ...run, readyAt: NOW }, aGrant(), NOW).change);
      await expect.poll(head, SOON).toEqual([]);
      await runs().commit(undoClaim(claimed.run ?? run, 0, NOW).change);
      await expect.poll(head, SOON).toMatchObject([{ id: run.id, attempt: 1 }]);
    });

    it('loses a run that is cancelled while it waits', async () => {
      const pool = freshPool();
      const run = await store('ready', { pool });
      const decision = cancel(run, END);
      expect(decision).not.toBe('already_ended');
      if (decision !== 'already_ended') {
        await runs().commit(decision.change);
      }
      await expect.poll(() => runs().readyIds({ pool, shard: 0, limit: 10 }), SOON).toEqual([]);
    });

    it('gains a run that falls due, and shows a bumped generation', async () => {
      const pool = freshPool();
      const run = await store('scheduled', { pool });
      await runs().commit(fallDue(run, 0, NOW).change);
      await runs().bump(run.id, run.g, run.fence, 'nonce');
      await expect
        .poll(() => runs().readyHead({ pool, shard: 0, queue: 'send_email', limit: 1 }), SOON)
        .toMatchObject([{ id: run.id, g: 2 }]);
    });

    it('names every ready run of a shard, up to a limit, whatever its handler', async () => {
      const pool = freshPool();
      const handlers = ['a', 'b', 'a', 'c'];
      const ready = await Promise.all(handlers.map((handler) => store('ready', { pool, handler })));
      const named = async () => new Set(await runs().readyIds({ pool, shard: 0, limit: 100 }));
      await expect.poll(named, SOON).toEqual(new Set(ids(ready)));
      expect(await runs().readyIds({ pool, shard: 0, limit: 3 })).toHaveLength(3);
    });
  });

  describe('the lists', () => {
    const SHARD = 7;

    it('give the newest of a shard first, page by page', async () => {
      const created = [];
      for (let index = 0; index < 5; index += 1) {
        created.push(await store('ready', { id: freshId(SHARD), pool: freshPool() }));
      }
      await store('ready', { id: freshId(SHARD + 1) });
      const newestFirst = created.toReversed();
      const page = (limit: number, before?: string) =>
        runs().newest({ family: 'plain', shard: SHARD, limit, ...(before === undefined ? {} : { before }) });
      await expect.poll(() => page(2), SOON).toEqual(newestFirst.slice(0, 2));
      expect(await page(2, newestFirst[1]?.id)).toEqual(newestFirst.slice(2, 4));
      expect(ids(await page(1, newestFirst[3]?.id))).toEqual([newestFirst[4]?.id]);
    });

    it('order ids as numbers: a longer one is the larger', async () => {
      const shard = 11;
      const small = await store('ready', { id: String(16 * 2 + shard) });
      const large = await store('ready', { id: String(16 * 20_000 + shard) });
      const page = () => runs().newest({ family: 'plain', shard, limit: 5, before: String(16 * 30_000 + shard) });
      await expect.poll(async () => ids(await page()), SOON).toEqual([large.id, small.id]);
    });

    it('do not take a page of void marks for the end', async () => {
      const run = await store('ready', { id: freshId(SHARD) });
      for (let mark = 0; mark < 3; mark += 1) {
        await runs().voidMissing(freshId(SHARD), 'nonce', NOW + 86_400_000);
      }
      await expect
        .poll(async () => ids(await runs().newest({ family: 'plain', shard: SHARD, limit: 1 })), SOON)
        .toEqual([run.id]);
    });

    it('give the ids of a handler, newest first', async () => {
      const handler = freshPool();
      const created = [];
      for (let index = 0; index < 4; index += 1) {
        created.push((await store('ready', { id: freshId(SHARD), handler })).id);
      }
      await store('ready', { id: freshId(SHARD) });
      await store('ready', { id: freshId(SHARD + 1), handler });
      const page = (limit: number, before?: string) =>
        runs().newestIdsOfOrigin({
          family: 'plain',
          shard: SHARD,
          origin: handler,
          limit,
          ...(before === undefined ? {} : { before }),
        });
      await expect.poll(() => page(10), SOON).toEqual(created.toReversed());
      expect(await page(2, created[3])).toEqual([created[2], created[1]]);
    });

    it('keep plain runs and those of jobs apart, and give the ids of one job, newest first', async () => {
      const job = freshId(SHARD);
      const shared = { job, handler: `of-${job}` };
      const earlier = await store('scheduled', { id: `${job}.${NOW}`, ...shared });
      const first = await store('scheduled', { id: `${job}.${NOW + 1_000}.0`, ...shared });
      const second = await store('scheduled', { id: `${job}.${NOW + 1_000}.1`, ...shared });
      const otherJob = freshId(SHARD);
      const other = await store('failed', { id: `${otherJob}.${NOW + 500}`, job: otherJob, handler: shared.handler });
      const newest = [second.id, first.id, earlier.id];
      const ofJob = { family: 'job', shard: SHARD, origin: job } as const;
      await expect.poll(() => runs().newestIdsOfOrigin({ ...ofJob, limit: 10 }), SOON).toEqual(newest);
      expect(await runs().newestIdsOfOrigin({ ...ofJob, limit: 1, before: second.id })).toEqual([first.id]);
      const rows = async () => ids(await runs().newest({ family: 'job', shard: SHARD, limit: 4 }));
      await expect.poll(rows, SOON).toEqual([second.id, first.id, other.id, earlier.id]);
      const status = { family: 'job', shard: SHARD, status: 'scheduled', limit: 3 } as const;
      await expect.poll(() => runs().newestIdsOfStatus(status), SOON).toEqual(newest);
      // A job's run is no plain run of its handler, and a plain run none of the job with that number.
      const plainOf = { family: 'plain', shard: SHARD, limit: 10 } as const;
      expect(await runs().newestIdsOfOrigin({ ...plainOf, origin: shared.handler })).toEqual([]);
      expect(await runs().newestIdsOfOrigin({ ...plainOf, origin: job })).toEqual([]);
      expect(ids(await runs().newest(plainOf))).not.toContain(second.id);
      expect(await runs().newestIdsOfStatus({ ...plainOf, status: 'scheduled' })).not.toContain(second.id);
    });

    it('give the ids of what is scheduled, and of what has failed or timed out', async () => {
      const shard = 5;
      const fields = () => ({ id: freshId(shard) });
      const scheduled = await store('scheduled', fields());
      const failed = await store('failed', fields());
      const timedOut = await store('timed_out', fields());
      for (const status of ['ready', 'dispatched', 'running', 'succeeded', 'cancelled'] as const) {
        await store(status, fields());
      }
      const page = (status: 'scheduled' | 'failed', limit = 10) =>
        runs().newestIdsOfStatus({ family: 'plain', shard, status, limit });
      // Other tests leave runs in this shard too: only the newest are ours.
      await expect.poll(async () => (await page('failed')).slice(0, 2), SOON).toEqual([timedOut.id, failed.id]);
      await expect.poll(async () => (await page('scheduled'))[0], SOON).toBe(scheduled.id);
      expect(await page('failed', 1)).toEqual([timedOut.id]);
      expect(
        (
          await runs().newestIdsOfStatus({ family: 'plain', shard, status: 'failed', limit: 1, before: timedOut.id })
        )[0],
      ).toBe(failed.id);
    });

    it('follow a run from status to status', async () => {
      const shard = 9;
      const run = await store('scheduled', { id: freshId(shard), maxTries: 2 });
      const listed = async (): Promise<string[]> => {
        const statuses = ['scheduled', 'failed'] as const;
        const pages = await Promise.all(
          statuses.map((status) => runs().newestIdsOfStatus({ family: 'plain', shard, status, limit: 50 })),
        );
        return statuses.filter((_, index) => pages[index]?.includes(run.id));
      };
      const follow = async (change: Parameters<RunStore['commit']>[0], expected: readonly string[]): Promise<Run> => {
        const committed = await runs().commit(change);
        expect(committed.kind).toBe('won');
        await expect.poll(listed, SOON).toEqual(expected);
        return committed.run ?? run;
      };
      const lost = { outcome: 'failed', reason: 'worker_lost' } as const;
      await expect.poll(listed, SOON).toEqual(['scheduled']);
      const ready = await follow(fallDue(run, 0, NOW).change, []);
      const dispatched = await follow(claim({ ...ready, readyAt: NOW }, aGrant(), NOW).change, []);
      const again = await follow(endBadly(dispatched, lost, {}, END, 0.5).change, ['scheduled']);
      const ready2 = await follow(fallDue(again, 0, NOW).change, []);
      const dispatched2 = await follow(claim({ ...ready2, readyAt: NOW }, aGrant(), NOW).change, []);
      await follow(endBadly(dispatched2, lost, {}, END, 0.5).change, ['failed']);
    });

    it('fetch up to 100 rows by id, those that exist', async () => {
      const created = await Promise.all(Array.from({ length: 60 }, () => store('ready', { pool: 'many' })));
      const missing = Array.from({ length: 40 }, () => freshId());
      const sorted = (rows: readonly Run[]) => rows.toSorted((a, b) => Number(a.id) - Number(b.id));
      const fetched = async () => sorted(await runs().getMany([...ids(created), ...missing]));
      await expect.poll(fetched, SOON).toEqual(created);
      expect(await runs().getMany([])).toEqual([]);
      expect(await runs().getMany(missing)).toEqual([]);
    });
  });
};
