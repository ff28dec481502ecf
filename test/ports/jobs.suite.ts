import { describe, expect, it } from 'vitest';
import type { Backfill, JobIndex, JobStore } from '../../lib/application/ports/index.ts';
import type { Gap, Job } from '../../lib/domain/job/job.ts';
import { freshNumber } from '../support/identity-rows.ts';
import { aJob, aSpec, changedJob, firedJob, freshJobId } from '../support/job-rows.ts';
import { NOW } from '../support/rows.ts';
import { atOnce } from './identity-tools.ts';

type Open = {
  /** What the tests of a file share. */
  readonly jobs: () => JobStore;
  /** One that nobody has written to. */
  readonly empty: () => Promise<JobStore>;
};

const stored = async (jobs: JobStore, fields: Partial<Job> = {}, payload = aSpec().payload): Promise<Job> => {
  const job = aJob({ payload, payloadBytes: payload.length, ...fields });
  expect(await jobs.create(job, aSpec({ payload }))).toEqual({ kind: 'created' });
  return job;
};

/** Every id of a list, page by page. */
const listed = async (
  jobs: JobStore,
  index: JobIndex,
  { descending = false, limit = 100 } = {},
): Promise<readonly string[]> => {
  const ids: string[] = [];
  for (let cursor: string | undefined; ; ) {
    const page = await jobs.list({ index, descending, limit, ...(cursor !== undefined && { cursor }) });
    if ('bad' in page) {
      throw new Error('The cursor of a page was refused');
    }
    expect(page.ids.length).toBeLessThanOrEqual(limit);
    ids.push(...page.ids);
    cursor = page.cursor;
    if (cursor === undefined) {
      return ids;
    }
    expect(page.ids).toHaveLength(limit);
  }
};

const freshProject = (): string => `project-${freshNumber()}`;

const jobRowsSuite = ({ jobs }: Open): void => {
  describe('creating a job', () => {
    it('gives it back as it was created, with its version and by its name', async () => {
      const full = aJob({
        ...{ project: freshProject(), description: '', metadata: '{"a":1}', needs: { tags: ['gpu'], category: 'db' } },
        ...{ pausedAt: NOW, pausedBy: 'user:2', state: 'paused' },
        pend: { n: 1, rev: 1, at: 2, executeAt: 3, spec: 1, turn: 0, trigger: 'manual', workers: ['a', 'b'] },
      });
      const spec = aSpec({ needs: { labels: { zone: 'a' } } });
      expect(await jobs().create(full, spec)).toEqual({ kind: 'created' });
      expect(await jobs().get(full.id, 'consistent')).toEqual(full);
      expect(await jobs().getSpec(full.id, 1)).toEqual(spec);
      expect(await jobs().getSpec(full.id, 2)).toBeUndefined();
      expect(await jobs().findId(full.project, full.name)).toBe(full.id);
      expect(await jobs().get(freshJobId(), 'eventual')).toBeUndefined();
    });

    it('is refused where the project has the name, and changes nothing', async () => {
      const project = freshProject();
      const first = await stored(jobs(), { project, name: 'twice' });
      const second = aJob({ project, name: 'twice' });
      expect(await jobs().create(second, aSpec())).toEqual({ kind: 'name_taken' });
      expect(await jobs().get(second.id, 'consistent')).toBeUndefined();
      expect(await jobs().getSpec(second.id, 1)).toBeUndefined();
      expect(await jobs().findId(project, 'twice')).toBe(first.id);
      expect((await jobs().count({ project })).matching).toBe(1);
      expect(await listed(jobs(), { by: 'project', project })).toEqual([first.id]);
    });

    it('is possible under a name that another project has', async () => {
      const [one, other] = [await stored(jobs(), { project: freshProject(), name: 'same' }), freshProject()];
      const second = await stored(jobs(), { project: other, name: 'same' });
      expect(await jobs().findId(one.project, 'same')).toBe(one.id);
      expect(await jobs().findId(other, 'same')).toBe(second.id);
    });

    it('is refused where the id is taken', async () => {
      const job = await stored(jobs());
      expect(await jobs().create(aJob({ id: job.id, name: 'another' }), aSpec())).toEqual({ kind: 'exists' });
      expect(await jobs().get(job.id, 'consistent')).toEqual(job);
    });

    it('wins once when ten ask for the same name at once', async () => {
      const project = freshProject();
      const answers = await atOnce(10, () => jobs().create(aJob({ project, name: 'wanted' }), aSpec()));
      expect(answers.map(({ kind }) => kind).sort()).toEqual(['created', ...Array(9).fill('name_taken')]);
      expect((await jobs().count({ project })).matching).toBe(1);
    });

    it('takes what no key can hold for a name that nobody has', async () => {
      expect(await jobs().findId('p'.repeat(3_000), 'n')).toBeUndefined();
      expect(await jobs().findId('p', 'n'.repeat(2_000))).toBeUndefined();
      expect(await jobs().findId('p', '')).toBeUndefined();
    });
  });

  describe('writing a job', () => {
    it('replaces the version that was read', async () => {
      const job = await stored(jobs());
      const fired = firedJob(job);
      expect(await jobs().write(job, fired)).toEqual({ kind: 'done' });
      expect(await jobs().get(job.id, 'consistent')).toEqual(fired);
      const { next: _next, schedule: _schedule, ...byHand } = changedJob(fired, { description: 'By hand' });
      expect(await jobs().write(fired, byHand)).toEqual({ kind: 'done' });
      expect(await jobs().get(job.id, 'consistent')).toEqual(byHand);
    });

    it('is refused to whoever read an older version, or a row that is not there', async () => {
      const job = await stored(jobs());
      const fired = firedJob(job);
      await jobs().write(job, fired);
      expect(await jobs().write(job, changedJob(job, { state: 'paused' }))).toEqual({ kind: 'changed' });
      expect(await jobs().get(job.id, 'consistent')).toEqual(fired);
      const missing = aJob();
      expect(await jobs().write(missing, firedJob(missing))).toEqual({ kind: 'changed' });
    });

    it('fires once when five try at once', async () => {
      const job = await stored(jobs());
      const answers = await atOnce(5, () => jobs().write(job, firedJob(job)));
      expect(answers.filter(({ kind }) => kind === 'done')).toHaveLength(1);
    });

    it('moves the name with it', async () => {
      const project = freshProject();
      const job = await stored(jobs(), { project, name: 'old' });
      const renamed = changedJob(job, { name: 'new' });
      expect(await jobs().write(job, renamed)).toEqual({ kind: 'done' });
      expect(await jobs().findId(project, 'old')).toBeUndefined();
      expect(await jobs().findId(project, 'new')).toBe(job.id);
      const second = await stored(jobs(), { project, name: 'old' });
      expect(await jobs().write(second, changedJob(second, { name: 'new' }))).toEqual({ kind: 'name_taken' });
      expect(await jobs().get(second.id, 'consistent')).toEqual(second);
    });

    it('says that the row changed, before it says that the name is taken', async () => {
      const project = freshProject();
      const [job] = [await stored(jobs(), { project, name: 'one' }), await stored(jobs(), { project, name: 'two' })];
      await jobs().write(job, firedJob(job));
      expect(await jobs().write(job, changedJob(job, { name: 'two' }))).toEqual({ kind: 'changed' });
    });

    it('frees the name of what is deleted, and keeps its row', async () => {
      const project = freshProject();
      const job = await stored(jobs(), { project, name: 'gone', category: project });
      const deleted = changedJob(job, { state: 'deleted', deletedAt: NOW, expiresAt: NOW + 86_400_123 });
      expect(await jobs().write(job, deleted)).toEqual({ kind: 'done' });
      expect(await jobs().get(job.id, 'consistent')).toEqual(deleted);
      expect(await jobs().findId(project, 'gone')).toBeUndefined();
      expect(await listed(jobs(), { by: 'project', project })).toEqual([]);
      expect(await listed(jobs(), { by: 'category', category: project })).toEqual([]);
      expect(await listed(jobs(), { by: 'state', state: 'deleted' })).toContain(job.id);
      expect((await jobs().count({ category: project })).matching).toBe(0);
      await stored(jobs(), { project, name: 'gone' });
    });

    it('keeps every version of the specification', async () => {
      const job = await stored(jobs());
      const spec = aSpec({ payload: '{"command":"true"}', priority: 1 });
      const changed = changedJob(job, { spec: 2, priority: 1, payload: spec.payload });
      expect(await jobs().write(job, changed, { spec })).toEqual({ kind: 'done' });
      expect(await jobs().getSpec(job.id, 1)).toEqual(aSpec());
      expect(await jobs().getSpec(job.id, 2)).toEqual(spec);
    });

    it('writes nothing beside a row that has changed', async () => {
      const job = await stored(jobs());
      await jobs().write(job, firedJob(job));
      const gap: Gap = { from: 1, to: 2, reason: 'paused', by: 'user:1' };
      const late = changedJob(job, { spec: 2, state: 'paused' });
      expect(await jobs().write(job, late, { spec: aSpec({ priority: 1 }), gap })).toEqual({ kind: 'changed' });
      expect(await jobs().getSpec(job.id, 2)).toBeUndefined();
      expect(await jobs().gaps(job.id, 0, 10)).toEqual([]);
    });
  });

  describe('gaps', () => {
    it('are those that overlap the interval, oldest first', async () => {
      const job = await stored(jobs());
      const gap = (from: number, to: number): Gap => ({ from: NOW + from, to: NOW + to, reason: 'missed', by: 'cap' });
      const gaps = [gap(0, 1_000), gap(50, 60), gap(70, 80), gap(2_000, 3_000)];
      let row = job;
      for (const one of gaps) {
        const next = firedJob(row);
        expect(await jobs().write(row, next, { gap: one })).toEqual({ kind: 'done' });
        row = next;
      }
      const [long, first, second, last] = gaps;
      expect(await jobs().gaps(job.id, NOW + 55, NOW + 75)).toEqual([long, first, second]);
      expect(await jobs().gaps(job.id, NOW + 60, NOW + 70)).toEqual([long]);
      expect(await jobs().gaps(job.id, NOW + 1_000, NOW + 2_000)).toEqual([]);
      expect(await jobs().gaps(job.id, NOW, NOW + 9_999)).toEqual([long, first, second, last]);
    });
  });
};

const jobListsSuite = ({ jobs, empty }: Open): void => {
  describe('a list of jobs', () => {
    const NAMES = ['beta', 'Ünï', 'alpha', 'gamma', '任务', 'alpha-2', '😀'];

    it('is ordered by what its index goes by, either way, in pages of any size', async () => {
      const store = await empty();
      const made: Job[] = [];
      for (const [index, name] of NAMES.entries()) {
        made.push(await stored(store, { name, updatedAt: NOW + ((index * 5) % 7) }));
      }
      const bytes = (text: string) => Buffer.from(text);
      const orders: readonly [JobIndex, (a: Job, b: Job) => number][] = [
        [{ by: 'creation' }, (a, b) => Number(a.id) - Number(b.id)],
        [{ by: 'name' }, (a, b) => Buffer.compare(bytes(a.name), bytes(b.name))],
        [{ by: 'update' }, (a, b) => a.updatedAt - b.updatedAt],
        [{ by: 'project', project: 'default' }, (a, b) => Number(a.id) - Number(b.id)],
        [{ by: 'category', category: 'default' }, (a, b) => Number(a.id) - Number(b.id)],
        [{ by: 'state', state: 'active' }, (a, b) => Number(a.id) - Number(b.id)],
      ];
      for (const [index, compare] of orders) {
        const ids = made.toSorted(compare).map(({ id }) => id);
        for (const limit of [1, 3, 7, 50]) {
          expect(await listed(store, index, { limit }), JSON.stringify(index)).toEqual(ids);
          expect(await listed(store, index, { limit, descending: true })).toEqual(ids.toReversed());
        }
      }
    });

    it('shows a change of what its index goes by, and none of a fire', async () => {
      const store = await empty();
      const [first, second] = [await stored(store), await stored(store)];
      const moved = changedJob(first, { project: 'other', category: 'db', state: 'disabled', updatedAt: NOW + 99 });
      await store.write(first, moved);
      await store.write(second, firedJob(second));
      expect(await listed(store, { by: 'project', project: 'default' })).toEqual([second.id]);
      expect(await listed(store, { by: 'project', project: 'other' })).toEqual([first.id]);
      expect(await listed(store, { by: 'category', category: 'db' })).toEqual([first.id]);
      expect(await listed(store, { by: 'state', state: 'active' })).toEqual([second.id]);
      expect(await listed(store, { by: 'update' })).toEqual([second.id, first.id]);
      expect(await listed(store, { by: 'creation' })).toEqual([first.id, second.id]);
    });

    it('is empty for what no job has', async () => {
      for (const project of ['', 'p'.repeat(5_000), 'nobody']) {
        expect(await listed(jobs(), { by: 'project', project })).toEqual([]);
      }
      expect(await listed(jobs(), { by: 'word', prefix: '---' })).toEqual([]);
      expect(await listed(jobs(), { by: 'word', prefix: '' })).toEqual([]);
    });

    const encode = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');
    it.each<[string, JobIndex, string]>([
      ['no base64url', { by: 'creation' }, '!!!'],
      ['no JSON', { by: 'creation' }, Buffer.from('{').toString('base64url')],
      ['no id', { by: 'creation' }, encode(['1e3'])],
      ['too much', { by: 'creation' }, encode(['1', 'name'])],
      ['too little', { by: 'name' }, encode(['1'])],
      ['another type', { by: 'update' }, encode(['1', 'name'])],
      ['no whole number', { by: 'update' }, encode(['1', 0.5])],
      ['too long', { by: 'name' }, encode(['1', 'x'.repeat(1_025)])],
      ['empty', { by: 'name' }, encode(['1', ''])],
      ['another search', { by: 'word', prefix: 'back' }, encode(['1', 'front'])],
      ['an object', { by: 'state', state: 'active' }, encode({ id: '1' })],
    ])('refuses a cursor that is %s', async (_what, index, cursor) => {
      expect(await jobs().list({ index, descending: false, limit: 5, cursor })).toEqual({ bad: 'cursor' });
    });

    it('goes on at a place that nothing is at any more', async () => {
      const store = await empty();
      const [first, ...others] = [await stored(store), await stored(store), await stored(store)];
      const page = await store.list({ index: { by: 'creation' }, descending: false, limit: 1 });
      const cursor = 'cursor' in page ? page.cursor : undefined;
      await store.write(first, changedJob(first, { state: 'deleted', deletedAt: NOW }));
      const rest = { ids: others.map(({ id }) => id) };
      expect(
        await store.list({ index: { by: 'creation' }, descending: false, limit: 5, cursor: String(cursor) }),
      ).toEqual(rest);
    });

    it('gives rows for ids, those that there are', async () => {
      const [one, other] = [await stored(jobs()), await stored(jobs())];
      const found = await jobs().getMany([other.id, freshJobId(), one.id]);
      expect(new Set(found)).toEqual(new Set([one, other]));
      expect(await jobs().getMany([])).toEqual([]);
    });
  });

  describe('a search', () => {
    it('finds a job once by the beginnings of its words, wherever the pages end', async () => {
      const store = await empty();
      const payload = '{"command":"rsync --backups /var"}';
      const one = await stored(store, { name: 'Back-up BACKUP backend', description: '数据备份任务' }, payload);
      const other = await stored(store, { name: 'front', description: 'backlog' }, payload);
      for (const limit of [1, 2, 50]) {
        for (const descending of [false, true]) {
          const found = async (prefix: string) =>
            (await listed(store, { by: 'word', prefix }, { limit, descending })).toSorted();
          expect(await found('back')).toEqual([one.id, other.id]);
          expect(await found('b')).toEqual([one.id, other.id]);
          expect(await found('BACKU')).toEqual([one.id, other.id]);
          expect(await found('backe')).toEqual([one.id]);
          expect(await found('备份')).toEqual([one.id]);
          expect(await found('备')).toEqual([one.id]);
          expect(await found('var')).toEqual([one.id, other.id]);
          expect(await found('ackup')).toEqual([]);
        }
      }
    });

    it('goes by the words of now, also where the payload is not in the row', async () => {
      const store = await empty();
      const payload = JSON.stringify({ command: `needle ${'x'.repeat(500)}` });
      const { payload: _inline, ...big } = aJob({ name: 'haystack', description: '' });
      expect(await store.create(big, aSpec({ payload }))).toEqual({ kind: 'created' });
      const found = (prefix: string) => listed(store, { by: 'word', prefix });
      expect(await found('needle')).toEqual([big.id]);
      const renamed = changedJob(big, { name: 'field' });
      await store.write(big, renamed);
      expect([await found('haystack'), await found('needle'), await found('field')]).toEqual([[], [big.id], [big.id]]);
      const edited = changedJob(renamed, { spec: 2 });
      await store.write(renamed, edited, { spec: aSpec({ payload: '{"command":"pin"}' }) });
      expect([await found('needle'), await found('pin')]).toEqual([[], [big.id]]);
      await store.write(edited, changedJob(edited, { state: 'deleted' }));
      expect([await found('field'), await found('pin')]).toEqual([[], []]);
    });
  });

  describe('counts', () => {
    it('follow every change', async () => {
      const store = await empty();
      const none = { active: 0, paused: 0, disabled: 0, deleted: 0 };
      expect(await store.count()).toEqual({ states: none });
      const first = await stored(store, { project: 'a', category: 'x' });
      await stored(store, { project: 'a', category: 'y', state: 'paused' });
      expect(await store.count({ project: 'a' })).toEqual({ states: { ...none, active: 1, paused: 1 }, matching: 2 });
      const moved = changedJob(first, { project: 'b', state: 'disabled' });
      await store.write(first, moved);
      expect(await store.count({ project: 'a' })).toEqual({ states: { ...none, paused: 1, disabled: 1 }, matching: 1 });
      expect((await store.count({ project: 'b' })).matching).toBe(1);
      expect((await store.count({ category: 'x' })).matching).toBe(1);
      const deleted = changedJob(moved, { state: 'deleted' });
      await store.write(moved, deleted);
      expect(await store.count({ category: 'x' })).toEqual({ states: { ...none, paused: 1, deleted: 1 }, matching: 0 });
      expect((await store.count({ project: 'p'.repeat(5_000) })).matching).toBe(0);
    });

    it('count each of twenty that are changed at once', async () => {
      const store = await empty();
      const made = await atOnce(20, () => stored(store));
      await Promise.all(made.map((job) => store.write(job, changedJob(job, { state: 'paused' }))));
      expect(await store.count({ project: 'default' })).toEqual({
        ...{ states: { active: 0, paused: 20, disabled: 0, deleted: 0 }, matching: 20 },
      });
    });
  });
};

const backfillsSuite = ({ jobs }: Open): void => {
  const aBackfill = (job: string, fields: Partial<Backfill> = {}): Backfill => ({
    ...{
      id: freshJobId(),
      job,
      from: 1,
      to: 9,
      parallel: 2,
      state: 'running',
      total: 8,
      next: 1,
      created: 0,
      open: [],
    },
    ...{ version: 1, g: 1, wakeAt: NOW, createdAt: NOW, createdBy: 'user:1', expiresAt: NOW + 86_400_000 },
    ...fields,
  });

  describe('a backfill', () => {
    it('is created once, and changed from the version that was read', async () => {
      const backfill = aBackfill(freshJobId());
      const { backfills } = jobs();
      expect(await backfills.create(backfill)).toBe(true);
      expect(await backfills.create({ ...backfill, total: 1 })).toBe(false);
      expect(await backfills.get(backfill.job, backfill.id)).toEqual(backfill);
      const { next: _all, ...rest } = backfill;
      const later = { ...rest, version: 2, created: 8, open: ['1.2', '1.3'] };
      expect(await backfills.write(backfill, later)).toBe(true);
      expect(await backfills.write(backfill, { ...later, state: 'cancelled' })).toBe(false);
      expect(await backfills.get(backfill.job, backfill.id)).toEqual(later);
    });

    it('is listed with the others of its job, the newest first', async () => {
      const job = freshJobId();
      const { backfills } = jobs();
      const made = [0, 1, 2].map((index) => aBackfill(job, { createdAt: NOW + index }));
      for (const backfill of [...made, aBackfill(freshJobId())]) {
        await backfills.create(backfill);
      }
      expect(await backfills.list(job)).toEqual(made.toReversed());
      expect(await backfills.list(freshJobId())).toEqual([]);
    });
  });
};

export const jobsSuite = (open: Open): void => {
  jobRowsSuite(open);
  jobListsSuite(open);
  backfillsSuite(open);
};
