/** Transactions, their exceptions and the runs of their steps: what every store of them keeps. */
import { describe, expect, it } from 'vitest';
import {
  MOST_EXCEPTION_WRITES,
  type RunStore,
  type SagaExceptionStore,
  type SagaStore,
} from '../../lib/application/ports/index.ts';
import { RUN_SHARDS, runShard } from '../../lib/domain/ids.ts';
import type { Saga, SagaException, StepState } from '../../lib/domain/saga/saga.ts';
import { NOW, runIn } from '../support/rows.ts';
import { anException, aSaga, changedException, changedSaga } from '../support/saga-rows.ts';
import { freshId } from './fresh-id.ts';
import { atOnce } from './identity-tools.ts';

type Stores = {
  readonly runs: RunStore;
  readonly sagas: SagaStore;
  readonly sagaExceptions: SagaExceptionStore;
};
type Open = () => Stores;

const HOUR_MS = 3_600_000;
const SOON = { timeout: 5_000 };

const stored = async ({ sagas }: Stores, fields: Partial<Saga> = {}): Promise<Saga> => {
  const saga = aSaga(fields);
  expect(await sagas.create(saga, 'nonce')).toEqual({ kind: 'created' });
  return saga;
};

/** What a transaction has at once in all its steps, and none has in a real one. */
const STEPS: Readonly<Record<string, StepState>> = {
  pending: { status: 'pending', runs: 0 },
  again: { status: 'pending', runs: 2, undoRuns: 3 },
  running: { status: 'running', runs: 12, startAt: NOW, input: '{"amount":1}', exception: '77' },
  done: { status: 'succeeded', runs: 1, output: '"by hand"' },
  undone: { status: 'succeeded', runs: 1, undo: 'succeeded', undoRuns: 1 },
  undoing: { status: 'failed', runs: 3, unknown: true, undo: 'running', undoRuns: 100 },
  stuck: { status: 'succeeded', runs: 1, undo: 'failed', undoRuns: 2, exception: '78' },
  given: { status: 'failed', runs: 1, unknown: true, undo: 'given_up' },
  failed: { status: 'failed', runs: 1 },
  skipped: { status: 'skipped', runs: 0 },
  waived: { status: 'waived', runs: 1, output: 'null' },
  cancelled: { status: 'cancelled', runs: 1 },
};

const creationSuite = (open: Open): void => {
  describe('creating a transaction', () => {
    it('gives it back as it was created, by its number and by its instance', async () => {
      const { sagas } = open();
      const saga = await stored(open());
      expect(await sagas.get(saga.no, 'consistent')).toEqual(saga);
      expect(await sagas.find(saga.instance)).toEqual({ no: saga.no, fingerprint: saga.fingerprint });
      expect(await sagas.find(freshId())).toBeUndefined();
      expect(await sagas.get(freshId(), 'consistent')).toBeUndefined();
    });

    it('keeps all that a row can say', async () => {
      const saga = await stored(open(), {
        ...{ status: 'failed', direction: 'backward', cancelled: true, depth: 3, steps: STEPS, endedAt: NOW },
        ...{ bumped: { g: 4, nonce: 'b' }, expiresAt: NOW + HOUR_MS, instance: `${freshId()}~sub-flow~c2` },
      });
      expect(await open().sagas.get(saga.no, 'consistent')).toEqual(saga);
      const { params: _params, ...beside } = aSaga();
      await open().sagas.create(beside, 'nonce');
      expect(await open().sagas.get(beside.no, 'consistent')).toEqual(beside);
    });

    it('is refused where the instance was started before, whatever became of it', async () => {
      const { sagas } = open();
      const saga = await stored(open());
      const again = aSaga({ instance: saga.instance, fingerprint: 'other' });
      const taken = { kind: 'taken', no: saga.no, fingerprint: saga.fingerprint };
      expect(await sagas.create(again, 'nonce')).toEqual(taken);
      expect(await sagas.create(saga, 'nonce')).toEqual(taken);
      expect(await sagas.get(again.no, 'consistent')).toBeUndefined();
      const { no } = await stored(open(), { no: again.no });
      expect(await sagas.find(`order-${no}`)).toMatchObject({ no });
    });

    it('leaves nothing where its number is another’s', async () => {
      const { sagas } = open();
      const saga = await stored(open());
      const other = aSaga({ no: saga.no, instance: `other-${saga.no}` });
      expect(await sagas.create(other, 'nonce')).toEqual({ kind: 'exists' });
      expect(await sagas.find(other.instance)).toBeUndefined();
      expect(await sagas.get(saga.no, 'consistent')).toEqual(saga);
    });

    it('is won by one of five that start the same instance at once', async () => {
      const instance = `once-${freshId()}`;
      const answers = await atOnce(5, () => open().sagas.create(aSaga({ instance }), 'nonce'));
      expect(answers.filter(({ kind }) => kind === 'created')).toHaveLength(1);
      expect(answers.filter(({ kind }) => kind === 'taken')).toHaveLength(4);
    });

    it('is void where its alarm gave up, and open to every other', async () => {
      const { sagas } = open();
      const saga = aSaga();
      expect(await sagas.voidMissing(saga.no, 'mine', NOW + HOUR_MS)).toBe(true);
      expect(await sagas.voidMissing(saga.no, 'mine too', NOW + HOUR_MS)).toBe(true);
      expect(await sagas.get(saga.no, 'consistent')).toBeUndefined();
      expect(await sagas.create(saga, 'mine')).toEqual({ kind: 'voided' });
      expect(await sagas.create(saga, 'mine too')).toEqual({ kind: 'voided' });
      expect(await sagas.find(saga.instance)).toBeUndefined();
      expect(await sagas.create(saga, 'another')).toEqual({ kind: 'created' });
      expect(await sagas.voidMissing(saga.no, 'late', NOW + HOUR_MS)).toBe(false);
      expect(await sagas.get(saga.no, 'consistent')).toEqual(saga);
    });
  });
};

const commitSuite = (open: Open): void => {
  describe('changing a transaction', () => {
    it('takes the place of the version that was read, and of no other', async () => {
      const { sagas } = open();
      const saga = await stored(open());
      const failed = changedSaga(saga, { status: 'failed', direction: 'backward', steps: STEPS });
      expect(await sagas.commit(saga, failed, [])).toBe('done');
      expect(await sagas.commit(saga, changedSaga(saga), [])).toBe('changed');
      expect(await sagas.get(saga.no, 'consistent')).toEqual(failed);
      const { params: _params, ...rest } = failed;
      const bare = { ...changedSaga(rest), status: 'running', direction: 'forward', steps: {} } as const;
      expect(await sagas.commit(failed, bare, [])).toBe('done');
      expect(await sagas.get(saga.no, 'consistent')).toEqual(bare);
      expect(await sagas.commit(aSaga(), changedSaga(aSaga()), [])).toBe('changed');
    });

    it('opens and changes exceptions with it, or nothing at all', async () => {
      const { sagas, sagaExceptions } = open();
      const saga = await stored(open());
      const [first, second] = [anException(saga), anException(saga, { undo: true })];
      const failed = changedSaga(saga, { status: 'failed' });
      const opened = [first, second].map((exception) => ({ kind: 'open', exception }) as const);
      expect(await sagas.commit(saga, failed, opened)).toBe('done');
      expect(await sagaExceptions.get(first.id)).toEqual(first);
      expect(await sagaExceptions.get(second.id)).toEqual(second);

      const handled = changedException(first, { handled: { at: NOW, by: 'user:1', as: 'retried' } });
      const change = { kind: 'change', before: first, after: handled } as const;
      const noted = changedException(second, { assignee: 'bob' });
      expect(await sagaExceptions.write(second, noted)).toBe('done');
      const running = changedSaga(failed, { status: 'running' });
      const stale = { kind: 'change', before: second, after: changedException(second) } as const;
      expect(await sagas.commit(failed, running, [change, stale])).toBe('changed');
      expect(await sagaExceptions.get(first.id)).toEqual(first);
      expect(await sagas.get(saga.no, 'consistent')).toEqual(failed);
      expect(await sagas.commit(failed, running, [change])).toBe('done');
      expect(await sagaExceptions.get(first.id)).toEqual(handled);
      expect(await sagaExceptions.get(second.id)).toEqual(noted);
      const reused = { kind: 'open', exception: { ...first, error: 'another' } } as const;
      expect(await sagas.commit(running, changedSaga(running), [reused])).toBe('changed');
    });

    it('takes as many exceptions as fit into one transaction, and handles them all', async () => {
      const { sagas, sagaExceptions } = open();
      const saga = await stored(open());
      const exceptions = Array.from({ length: MOST_EXCEPTION_WRITES }, (_, index) =>
        anException(saga, { step: `step-${index}` }),
      );
      const failed = changedSaga(saga, { status: 'failed' });
      const opened = exceptions.map((exception) => ({ kind: 'open', exception }) as const);
      expect(await sagas.commit(saga, failed, opened)).toBe('done');
      const changes = exceptions.map((before) => {
        const after = changedException(before, { handled: { at: NOW, by: 'system', as: 'compensated' } });
        return { kind: 'change', before, after } as const;
      });
      expect(await sagas.commit(failed, changedSaga(failed, { status: 'compensated' }), changes)).toBe('done');
      const ends = await Promise.all(exceptions.map(({ id }) => sagaExceptions.get(id)));
      expect(ends).toEqual(changes.map(({ after }) => after));
    });

    it('is won by one of five that change the same version', async () => {
      const { sagas } = open();
      const saga = await stored(open());
      const answers = await atOnce(5, () =>
        sagas.commit(saga, changedSaga(saga), [{ kind: 'open', exception: anException(saga) }]),
      );
      expect(answers.filter((answer) => answer === 'done')).toHaveLength(1);
    });

    it('fails when the row was fenced or bumped since it was read', async () => {
      const { sagas } = open();
      const saga = await stored(open());
      expect(await sagas.fence(saga.no, 2)).toBe(false);
      expect(await sagas.fence(saga.no, 1)).toBe(true);
      expect(await sagas.commit(saga, changedSaga(saga), [])).toBe('changed');
      const fenced = await sagas.get(saga.no, 'consistent');
      expect(fenced).toEqual({ ...saga, version: 2 });

      expect(await sagas.bump(saga.no, 1, 1, 'n')).toBe(false);
      expect(await sagas.bump(saga.no, 2, 2, 'n')).toBe(false);
      expect(await sagas.bump(saga.no, 1, 2, 'n')).toBe(true);
      expect(await sagas.commit({ ...saga, version: 2 }, changedSaga(saga, { version: 3 }), [])).toBe('changed');
      expect(await sagas.get(saga.no, 'consistent')).toEqual({
        ...saga,
        ...{ version: 3, g: 2, bumped: { g: 2, nonce: 'n' } },
      });
      expect(await sagas.fence(freshId(), 1)).toBe(false);
      expect(await sagas.bump(freshId(), 1, 1, 'n')).toBe(false);
    });
  });
};

const exceptionSuite = (open: Open): void => {
  describe('an exception', () => {
    it('keeps all that people say of it, in the version that they saw', async () => {
      const { sagas, sagaExceptions } = open();
      const saga = await stored(open());
      const exception = anException(saga, { undo: true });
      await sagas.commit(saga, changedSaga(saga), [{ kind: 'open', exception }]);
      const talked = changedException(exception, {
        ...{ assignee: 'bob', retryAt: NOW + HOUR_MS, notes: [{ at: NOW, by: 'user:2', what: 'comment', text: 'Hm' }] },
        proposal: {
          id: 2,
          action: 'skip',
          by: 'key:5',
          person: 'user:2',
          at: NOW,
          output: '{"ok":true}',
          retryAt: NOW,
        },
        handled: { at: NOW, by: 'user:3', as: 'skipped', remark: 'fine' },
        expiresAt: NOW + HOUR_MS,
      });
      expect(await sagaExceptions.write(exception, talked)).toBe('done');
      expect(await sagaExceptions.write(exception, changedException(exception))).toBe('changed');
      expect(await sagaExceptions.get(exception.id)).toEqual(talked);
      const { assignee: _assignee, retryAt: _retryAt, ...less } = changedException(talked);
      expect(await sagaExceptions.write(talked, less)).toBe('done');
      expect(await sagaExceptions.get(exception.id)).toEqual(less);
      expect(await sagaExceptions.get(freshId())).toBeUndefined();
      expect(await sagaExceptions.write(anException(saga), changedException(anException(saga)))).toBe('changed');
    });

    it('is listed by its shard: all, the open ones, those of a flow', async () => {
      const { sagas, sagaExceptions } = open();
      const [flow, shard] = [freshId(), 5];
      let saga = await stored(open());
      const raise = async (of: string): Promise<SagaException> => {
        const exception = anException(saga, { id: freshId(shard), flow: of });
        const next = changedSaga(saga);
        await sagas.commit(saga, next, [{ kind: 'open', exception }]);
        saga = next;
        return exception;
      };
      const [first, other, last] = [await raise(flow), await raise(freshId()), await raise(flow)];
      const newest = async (query: { readonly flow?: string; readonly open?: true; readonly before?: string }) =>
        (await sagaExceptions.newest({ shard, limit: 3, ...query })).map(({ id }) => id);
      await expect.poll(() => newest({}), SOON).toEqual([last.id, other.id, first.id]);
      await expect.poll(() => newest({ flow }), SOON).toEqual([last.id, first.id]);
      await expect.poll(() => newest({ open: true }), SOON).toEqual([last.id, other.id, first.id]);
      expect(await sagaExceptions.newest({ shard, limit: 1, flow, before: last.id })).toEqual([first]);
      expect(await newest({ flow, before: first.id })).toEqual([]);
      const handled = changedException(other, { handled: { at: NOW, by: 'system', as: 'compensated' } });
      await sagaExceptions.write(other, handled);
      await expect.poll(() => newest({ open: true, before: last.id }), SOON).not.toContain(other.id);
      expect(await newest({})).toEqual([last.id, other.id, first.id]);
    });
  });
};

const listSuite = (open: Open): void => {
  describe('lists of transactions', () => {
    it('are a shard, newest first, page by page: all, of a flow, those that failed', async () => {
      const { sagas } = open();
      const [flow, shard] = [freshId(), 11];
      const make = (of: string, status: Saga['status']) => stored(open(), { no: freshId(shard), flow: of, status });
      const first = await make(flow, 'failed');
      const other = await make(freshId(), 'failed');
      await sagas.voidMissing(freshId(shard), 'nonce', NOW + HOUR_MS);
      const last = await make(flow, 'running');
      const newest = async (query: { readonly flow?: string; readonly failed?: true; readonly before?: string }) =>
        (await sagas.newest({ shard, limit: 2, ...query })).map(({ no }) => no);
      await expect.poll(() => newest({}), SOON).toEqual([last.no, other.no]);
      expect((await newest({ before: other.no }))[0]).toBe(first.no);
      await expect.poll(() => newest({ flow }), SOON).toEqual([last.no, first.no]);
      expect(await newest({ flow, before: last.no })).toEqual([first.no]);
      await expect.poll(() => newest({ failed: true }), SOON).toEqual([other.no, first.no]);
      await sagas.commit(other, changedSaga(other, { status: 'running' }), []);
      await expect.poll(async () => (await newest({ failed: true }))[0], SOON).toBe(first.no);
      await sagas.commit(last, changedSaga(last, { status: 'failed' }), []);
      await expect.poll(async () => (await newest({ failed: true }))[0], SOON).toBe(last.no);
      expect(await sagas.newest({ shard, limit: 1, flow })).toMatchObject([{ no: last.no, status: 'failed' }]);
    });
  });
};

const runsSuite = (open: Open): void => {
  describe('the runs of steps', () => {
    const order = (ids: readonly { readonly id: string }[]) => ids.map(({ id }) => id).sort();

    it('are those of their transaction, and in no list of runs', async () => {
      const { runs, sagas } = open();
      const [no, other, handler] = [freshId(), freshId(), `step-${freshId()}`];
      const made = [`${no}~pay~1`, `${no}~pay~2`, `${no}~ship-it~c1`, `${other}~pay~1`].map((id, index) =>
        runIn(index === 0 ? 'failed' : index === 1 ? 'scheduled' : 'succeeded', { id, handler }),
      );
      for (const run of made) {
        expect(await runs.create(run, 'nonce')).toEqual({ kind: 'created' });
        expect(await runs.get(run.id, 'consistent')).toEqual(run);
      }
      await runs.voidMissing(`${no}~never~1`, 'nonce', NOW + HOUR_MS);
      expect(order(await sagas.runsOf(no, 'consistent'))).toEqual(order(made.slice(0, 3)));
      expect(await sagas.runsOf(other, 'consistent')).toEqual([made[3]]);
      expect(await sagas.runsOf(freshId(), 'eventual')).toEqual([]);
      expect(order(await runs.getMany(made.map(({ id }) => id)))).toEqual(order(made));

      const listed = { limit: 100, before: String(Number.MAX_SAFE_INTEGER) };
      for (const shard of [runShard(no), runShard(other)]) {
        for (const family of ['plain', 'job'] as const) {
          const where = { ...listed, family, shard };
          const shown = [
            ...(await runs.newest(where)).map(({ id }) => id),
            ...(await runs.newestIdsOfOrigin({ ...where, origin: handler })),
            ...(await runs.newestIdsOfStatus({ ...where, status: 'failed' })),
            ...(await runs.newestIdsOfStatus({ ...where, status: 'scheduled' })),
          ];
          expect(shown.filter((id) => id.includes('~'))).toEqual([]);
        }
      }
    });

    it('wait in the queues of their handlers like any other', async () => {
      const { runs } = open();
      const [id, handler, pool] = [`${freshId()}~pay~1`, `step-${freshId()}`, `pool-${freshId()}`];
      await runs.create(runIn('ready', { id, handler, pool }), 'nonce');
      const head = () => runs.readyHead({ pool, shard: 0, queue: handler, limit: 5 });
      await expect.poll(async () => (await head()).map((entry) => entry.id), SOON).toEqual([id]);
      await expect.poll(() => runs.readyIds({ pool, shard: 0, limit: 5 }), SOON).toEqual([id]);
    });

    it('are kept longer where they have ended, and never shorter', async () => {
      const { runs, sagas } = open();
      const no = freshId();
      const [ended, long, running] = [
        runIn('succeeded', { id: `${no}~a~1`, expiresAt: NOW + HOUR_MS }),
        runIn('succeeded', { id: `${no}~b~1`, expiresAt: NOW + 3 * HOUR_MS }),
        runIn('running', { id: `${no}~c~1` }),
      ];
      for (const run of [ended, long, running]) {
        await runs.create(run, 'nonce');
      }
      await sagas.keepRuns(no, NOW + 2 * HOUR_MS);
      const kept = await sagas.runsOf(no, 'consistent');
      expect(new Map(kept.map(({ id, expiresAt }) => [id, expiresAt]))).toEqual(
        new Map([
          [ended.id, NOW + 2 * HOUR_MS],
          [long.id, NOW + 3 * HOUR_MS],
          [running.id, undefined],
        ]),
      );
      await sagas.keepRuns(freshId(), NOW);
    });
  });
};

/** A shard that no list of these tests reads is any. */
export const sagasSuite = (open: Open): void => {
  expect(RUN_SHARDS).toBeGreaterThan(11);
  creationSuite(open);
  commitSuite(open);
  exceptionSuite(open);
  listSuite(open);
  runsSuite(open);
};
