import { describe, expect, it } from 'vitest';
import type {
  CategoryStore,
  LeaseStore,
  LogHead,
  LogStore,
  NeedsStore,
  WorkerRow,
  WorkerStore,
} from '../../lib/application/ports/index.ts';
import { freshNumber } from '../support/identity-rows.ts';
import { aCategory, aWorkerRow } from '../support/job-rows.ts';
import { NOW } from '../support/rows.ts';
import { freshId } from './fresh-id.ts';
import { atOnce } from './identity-tools.ts';

export type FleetStores = {
  readonly workers: WorkerStore;
  readonly categories: CategoryStore;
  readonly leases: LeaseStore;
  readonly logs: LogStore;
  readonly needs: NeedsStore;
};

type Open = {
  /** Those that the tests of a file share. */
  readonly stores: () => FleetStores;
  /** Some that nobody has written to. */
  readonly empty: () => Promise<FleetStores>;
};

const changed = <T extends { readonly version: number; readonly updatedAt: number }>(
  row: T,
  fields: Partial<T>,
): T => ({
  ...row,
  version: row.version + 1,
  updatedAt: row.updatedAt + 1,
  ...fields,
});

const workersSuite = ({ stores, empty }: Open): void => {
  describe('a worker', () => {
    it('is given back as it was registered, by id and by name', async () => {
      const { workers } = stores();
      const worker = aWorkerRow({
        ...{ maxTasks: 4, tagsSet: true, lastActive: NOW, metadata: '{"os":"linux"}', enabled: false },
        reported: { status: 'online', currentTasks: 2, system: { cpuUsage: 12.5 } },
        session: { pool: 'default', shard: 0, id: 's' },
      });
      expect(await workers.create(worker)).toBe('created');
      expect(await workers.get(worker.id)).toEqual(worker);
      expect(await workers.findId(worker.name)).toBe(worker.id);
      expect(await workers.findId('nobody')).toBeUndefined();
      expect(await workers.findId('')).toBeUndefined();
      expect(await workers.get('w'.repeat(3_000))).toBeUndefined();
      expect(await workers.get('nobody')).toBeUndefined();
    });

    it('is refused where the id or the name is taken', async () => {
      const { workers } = stores();
      const worker = aWorkerRow();
      await workers.create(worker);
      expect(await workers.create(aWorkerRow({ id: worker.id }))).toBe('exists');
      const other = aWorkerRow({ name: worker.name });
      expect(await workers.create(other)).toBe('name_taken');
      expect(await workers.get(other.id)).toBeUndefined();
    });

    it('is written from the version that was read', async () => {
      const { workers } = stores();
      const worker = aWorkerRow({ session: { pool: 'default', shard: 0, id: 's' } });
      await workers.create(worker);
      const { session: _over, ...without } = worker;
      const heard: WorkerRow = changed(without, { lastActive: NOW + 60_000 });
      expect(await workers.write(worker, heard)).toBe('done');
      expect(await workers.write(worker, changed(worker, { enabled: false }))).toBe('changed');
      expect(await workers.get(worker.id)).toEqual(heard);
      const missing = aWorkerRow();
      expect(await workers.write(missing, changed(missing, {}))).toBe('changed');
    });

    it('gives its name back when it is renamed or deleted, and may come back', async () => {
      const { workers } = stores();
      const worker = aWorkerRow();
      await workers.create(worker);
      const renamed = changed(worker, { name: `new ${worker.name}` });
      expect(await workers.write(worker, renamed)).toBe('done');
      expect(await workers.findId(worker.name)).toBeUndefined();
      const second = aWorkerRow({ name: worker.name });
      await workers.create(second);
      expect(await workers.write(renamed, changed(renamed, { name: worker.name }))).toBe('name_taken');
      const deleted = changed(renamed, { deletedAt: NOW });
      expect(await workers.write(renamed, deleted)).toBe('done');
      expect(await workers.findId(renamed.name)).toBeUndefined();
      expect(await workers.get(worker.id)).toEqual(deleted);
      const { deletedAt: _deleted, ...living } = deleted;
      expect(await workers.write(deleted, changed(living, { name: worker.name }))).toBe('name_taken');
      expect(await workers.write(deleted, changed(living, {}))).toBe('done');
      expect(await workers.findId(renamed.name)).toBe(worker.id);
    });

    it('is listed and counted by whether it is deleted, in the order of ids', async () => {
      const { workers } = await empty();
      const rows = ['b', 'a', 'd', 'c', 'e'].map((id) => aWorkerRow({ id }));
      for (const row of rows) {
        await workers.create(row);
      }
      const [, second] = rows.toSorted((a, b) => (a.id < b.id ? -1 : 1));
      expect(second?.id).toBe('b');
      for (const row of rows.filter(({ id }) => id === 'b' || id === 'd')) {
        await workers.write(row, changed(row, { deletedAt: NOW }));
      }
      const list = async (deleted: boolean, limit: number, after?: string) =>
        (await workers.list({ deleted, limit, ...(after !== undefined && { after }) })).map(({ id }) => id);
      expect(await list(false, 10)).toEqual(['a', 'c', 'e']);
      expect(await list(false, 2)).toEqual(['a', 'c']);
      expect(await list(false, 2, 'c')).toEqual(['e']);
      expect(await list(true, 10)).toEqual(['b', 'd']);
      expect(await list(true, 10, 'b')).toEqual(['d']);
      expect(await list(false, 10, 'unknown')).toEqual([]);
      expect(await workers.count()).toBe(3);
    });
  });
};

const categoriesSuite = ({ empty }: Open): void => {
  describe('a category', () => {
    it('has a code that no other has, until it is deleted', async () => {
      const { categories } = await empty();
      const category = aCategory({ code: 'db' });
      expect(await categories.create(category)).toBe('created');
      expect(await categories.create(aCategory({ code: 'db' }))).toBe('code_taken');
      expect(await categories.create(aCategory({ id: category.id }))).toBe('exists');
      expect(await categories.findId('db')).toBe(category.id);
      expect(await categories.get(category.id)).toEqual(category);
      const deleted = changed(category, { deletedAt: NOW });
      expect(await categories.write(category, deleted)).toBe('done');
      expect(await categories.write(category, changed(category, { name: 'late' }))).toBe('changed');
      const second = aCategory({ code: 'db' });
      expect(await categories.create(second)).toBe('created');
      expect(await categories.write(second, changed(second, { code: 'web' }))).toBe('done');
      expect([await categories.findId('db'), await categories.findId('web')]).toEqual([undefined, second.id]);
    });

    it('is listed by code, also where several that were deleted had one code', async () => {
      const { categories } = await empty();
      for (const [index, code] of ['web', 'db', 'db-2', 'db'].entries()) {
        const row = aCategory({ id: String(index + 1), code });
        await categories.create(row);
        if (code === 'db') {
          await categories.write(row, changed(row, { deletedAt: NOW }));
        }
      }
      const list = async (deleted: boolean, limit: number, after?: string) =>
        (await categories.list({ deleted, limit, ...(after !== undefined && { after }) })).map(({ id }) => id);
      expect(await list(false, 10)).toEqual(['3', '1']);
      expect(await list(false, 10, '3')).toEqual(['1']);
      expect(await list(true, 1)).toEqual(['2']);
      expect(await list(true, 1, '2')).toEqual(['4']);
      expect(await categories.count()).toBe(2);
    });
  });
};

const leasesSuite = ({ stores }: Open): void => {
  const freshKey = (): string => `task:lock:${freshNumber()}`;

  describe('a lease', () => {
    it('is held by one at a time, whatever value another brings', async () => {
      const { leases } = stores();
      const key = freshKey();
      const lease = await leases.acquire(key, 'mine', NOW + 1_000, NOW);
      expect(lease).toEqual({ value: 'mine', fence: expect.any(Number), expiresAt: NOW + 1_000 });
      expect(await leases.acquire(key, 'theirs', NOW + 9_000, NOW + 999)).toBeUndefined();
      expect(await leases.acquire(key, 'mine', NOW + 9_000, NOW + 999)).toBeUndefined();
      expect(await leases.find(key, NOW + 999)).toEqual(lease);
      expect(await leases.find(key, NOW + 1_000)).toBeUndefined();
      expect(await leases.find(freshKey(), NOW)).toBeUndefined();
    });

    it('goes to one of ten who ask at once', async () => {
      const { leases } = stores();
      const key = freshKey();
      const answers = await atOnce(10, (index) => leases.acquire(key, `holder-${index}`, NOW + 1_000, NOW));
      expect(answers.filter((lease) => lease !== undefined)).toHaveLength(1);
    });

    it('has a fence that only grows, over releases and expiry, and is at least the clock', async () => {
      const { leases } = stores();
      const key = freshKey();
      const fences: number[] = [];
      for (const step of [0, 1, 2]) {
        const lease = await leases.acquire(key, 'v', NOW + step + 10, NOW + step);
        fences.push(lease?.fence ?? 0);
        expect(await leases.release(key, 'v', NOW + step)).toBe('released');
      }
      const late = await leases.acquire(key, 'v', NOW + 10, NOW + 3);
      fences.push(late?.fence ?? 0);
      const expired = await leases.acquire(key, 'w', NOW + 9_999, NOW + 100);
      fences.push(expired?.fence ?? 0);
      expect(fences[0]).toBe(NOW);
      expect(fences).toEqual(fences.toSorted((a, b) => a - b));
      expect(new Set(fences).size).toBe(fences.length);
    });

    it('is released and refreshed by its holder alone, while it holds', async () => {
      const { leases } = stores();
      const key = freshKey();
      const lease = await leases.acquire(key, 'mine', NOW + 1_000, NOW);
      expect(await leases.release(key, 'theirs', NOW)).toBe('not_held');
      expect(await leases.refresh(key, 'theirs', NOW + 9_000, NOW)).toBeUndefined();
      expect(await leases.refresh(key, 'mine', NOW + 2_000, NOW + 500)).toEqual({ ...lease, expiresAt: NOW + 2_000 });
      expect(await leases.refresh(key, 'mine', NOW + 9_000, NOW + 2_000)).toBeUndefined();
      expect(await leases.release(key, 'mine', NOW + 2_000)).toBe('not_held');
      expect(await leases.release(freshKey(), 'mine', NOW)).toBe('not_held');
    });
  });
};

const logsSuite = ({ stores, empty }: Open): void => {
  const as = { now: NOW, expiresAt: NOW + 86_400_000 };
  const wholeOf = async (logs: LogStore, run: string, bytes = 1_000_000): Promise<string> => {
    let text = '';
    for (let from = 0; ; ) {
      const piece = await logs.read(run, from, bytes);
      if (piece.next === from) {
        return text;
      }
      text += piece.text;
      from = piece.next;
    }
  };

  describe('a log', () => {
    it('grows by what is added, from nothing', async () => {
      const { logs } = stores();
      const run = freshId();
      expect(await logs.head(run)).toBeUndefined();
      expect(await logs.read(run, 0, 10)).toEqual({ text: '', next: 0 });
      const first = await logs.append(run, 'héllo\n', { ...as, storage: 's3' });
      const head: LogHead = {
        ...{ run, storage: 's3', size: 7, truncated: false },
        createdAt: NOW,
        updatedAt: NOW,
        streamed: {},
      };
      expect(first).toEqual(head);
      const second = await logs.append(run, '世界', { ...as, now: NOW + 5 });
      expect(second).toEqual({ ...head, size: 13, updatedAt: NOW + 5 });
      expect(await logs.head(run)).toEqual(second);
      expect(await wholeOf(logs, run)).toBe('héllo\n世界');
      expect(await logs.append(freshId(), '', as)).toMatchObject({ storage: 'db', size: 0 });
    });

    it.each([1, 2, 3, 4, 7, 100])('is read %i bytes at a time, cut between characters', async (bytes) => {
      const { logs } = stores();
      const run = freshId();
      const pieces = ['aé', '世', '😀b', 'cd'];
      for (const piece of pieces) {
        await logs.append(run, piece, as);
      }
      expect(await wholeOf(logs, run, bytes)).toBe(pieces.join(''));
      for (let from = 0; from < 20; from += 1) {
        const { text, next } = await logs.read(run, from, bytes);
        expect(text).not.toContain('�');
        expect(next).toBeGreaterThanOrEqual(from);
        expect(Buffer.byteLength(text)).toBeLessThanOrEqual(Math.max(bytes, 4));
      }
      expect(await logs.read(run, 99, bytes)).toEqual({ text: '', next: 99 });
    });

    it('takes each byte of a stream once, however its pieces come again', async () => {
      const { logs } = stores();
      const run = freshId();
      const add = (attempt: number, from: number, text: string) =>
        logs.append(run, text, { ...as, stream: { attempt, from } });
      await add(1, 0, 'one ');
      expect(await add(1, 0, 'one ')).toMatchObject({ size: 4, streamed: { 1: 4 } });
      expect(await add(1, 0, 'one two ')).toMatchObject({ size: 8, streamed: { 1: 8 } });
      await add(2, 0, 'again ');
      expect(await add(2, 3, 'in more')).toMatchObject({ size: 18, streamed: { 1: 8, 2: 10 } });
      expect(await wholeOf(logs, run)).toBe('one two again more');
    });

    it('loses none of ten appends at once, and takes a piece once that ten bring', async () => {
      const { logs } = stores();
      const [run, streamed] = [freshId(), freshId()];
      await atOnce(10, (index) => logs.append(run, `line ${index}\n`, as));
      const lines = (await wholeOf(logs, run)).trim().split('\n').toSorted();
      expect(lines).toEqual(Array.from({ length: 10 }, (_, index) => `line ${index}`));
      await atOnce(10, () => logs.append(streamed, 'once', { ...as, stream: { attempt: 1, from: 0 } }));
      expect(await wholeOf(logs, streamed)).toBe('once');
    });

    it('holds a long text in one append', async () => {
      const { logs } = stores();
      const run = freshId();
      const text = `${'世界\n'.repeat(140_000)}end`;
      expect(await logs.append(run, text, as)).toMatchObject({ size: Buffer.byteLength(text) });
      expect(await wholeOf(logs, run)).toBe(text);
      expect((await logs.read(run, 300_000, 21)).text).toHaveLength(9);
    });

    it('may be replaced, and goes on from there', async () => {
      const { logs } = stores();
      const run = freshId();
      await logs.append(run, 'a longer text', { ...as, stream: { attempt: 1, from: 0 } });
      const replaced = await logs.replace(run, 'short', { ...as, now: NOW + 1 });
      expect(replaced).toMatchObject({ size: 5, createdAt: NOW, updatedAt: NOW + 1, streamed: { 1: 13 } });
      await logs.append(run, '!', as);
      await logs.append(run, 'longer text?', { ...as, stream: { attempt: 1, from: 2 } });
      expect(await wholeOf(logs, run)).toBe('short!?');
      expect(await logs.replace(freshId(), 'new', as)).toMatchObject({ size: 3, createdAt: NOW });
    });

    it('may be removed, and begins anew', async () => {
      const { logs } = stores();
      const run = freshId();
      await logs.append(run, 'something long', as);
      expect(await logs.remove(run)).toBe(true);
      expect(await logs.remove(run)).toBe(false);
      expect(await logs.head(run)).toBeUndefined();
      await logs.append(run, 'new', as);
      expect(await wholeOf(logs, run)).toBe('new');
    });

    it('survives half of a surrogate pair', async () => {
      const { logs } = stores();
      const run = freshId();
      await logs.append(run, 'a\ud83d', as);
      expect(await wholeOf(logs, run)).toBe('a�');
    });
  });

  describe('the list of logs', () => {
    it('has the newest first, in pages, without those removed', async () => {
      const { logs } = await empty();
      const runs = Array.from({ length: 7 }, () => freshId());
      for (const [index, run] of runs.entries()) {
        // Not in the order of the runs: what counts is when a log began. Two at the same instant.
        await logs.append(run, 'x', { ...as, now: NOW + Math.floor(((index * 3) % 7) / 2) });
        await logs.append(run, 'y', { ...as, now: NOW + 100 });
      }
      await logs.remove(String(runs[3]));
      const listed: LogHead[] = [];
      for (let before: LogHead | undefined; ; ) {
        const page = await logs.list({ limit: 2, ...(before && { before }) });
        listed.push(...page);
        before = page.at(-1);
        if (page.length < 2) {
          break;
        }
      }
      expect(listed.map(({ createdAt }) => createdAt)).toEqual(
        listed.map(({ createdAt }) => createdAt).toSorted((a, b) => b - a),
      );
      expect(new Set(listed.map(({ run }) => run))).toEqual(new Set(runs.filter((_, index) => index !== 3)));
      expect(listed).toHaveLength(6);
      expect(listed[0]).toEqual(await logs.head(String(listed[0]?.run)));
    });
  });
};

const needsSuite = ({ stores }: Open): void => {
  describe('needs that runs wait with', () => {
    it('are those of the pool that have not expired; a later note lengthens the stay', async () => {
      const { needs } = stores();
      const pool = `pool-${freshNumber()}`;
      const [gpu, zone] = [{ tags: ['gpu'] }, { labels: { zone: 'a' }, workers: ['w'] }];
      await needs.note(pool, 'k1', gpu, NOW + 1_000);
      await needs.note(pool, 'k2', zone, NOW + 5_000);
      await needs.note(pool, 'k2', zone, NOW + 4_000);
      await needs.note(`${pool}-2`, 'k3', gpu, NOW + 9_000);
      expect(await needs.list(pool, NOW)).toEqual(
        new Map<string, object>([
          ['k1', gpu],
          ['k2', zone],
        ]),
      );
      expect(await needs.list(pool, NOW + 1_000)).toEqual(new Map([['k2', zone]]));
      expect(await needs.list(pool, NOW + 4_999)).toEqual(new Map([['k2', zone]]));
      await needs.note(pool, 'k1', gpu, NOW + 8_000);
      expect([...(await needs.list(pool, NOW + 6_000)).keys()]).toEqual(['k1']);
    });
  });
};

export const fleetSuite = (open: Open): void => {
  workersSuite(open);
  categoriesSuite(open);
  leasesSuite(open);
  logsSuite(open);
  needsSuite(open);
};
