import { describe, expect, it } from 'vitest';
import type {
  ConnectionGrant,
  ConnectionStore,
  CountStore,
  DataStore,
  ExceptionStore,
  IdempotencyStore,
} from '../../lib/application/ports/index.ts';
import { MAX_OUTPUT_PIECE_BYTES } from '../../lib/contracts/limits.ts';
import { NOW } from '../support/rows.ts';

export type SideStores = {
  readonly data: DataStore;
  readonly connections: ConnectionStore;
  readonly idempotency: IdempotencyStore;
  readonly exceptions: ExceptionStore;
  readonly counts: CountStore;
  readonly exception: (id: string) => Promise<unknown>;
};

const DAY_MS = 86_400_000;
const SOON = { timeout: 10_000 };
let count = 0;
const fresh = (): string => {
  count += 1;
  return `fresh-${count}`;
};

/** The small rows beside runs and sessions. */
export const sideStoresSuite = (open: () => SideStores): void => {
  describe('long texts beside a run', () => {
    it('come back as they were put', async () => {
      const run = fresh();
      const payload = JSON.stringify({ text: 'ünïcode \u2028 ✓'.repeat(10_000) });
      const report = { output: 'o'.repeat(16_000), error: 'e', log: '' };
      await open().data.putPayload(run, payload, NOW + DAY_MS);
      await open().data.putReport(run, 2, report, NOW + DAY_MS);
      expect(await open().data.getPayload(run)).toBe(payload);
      expect(await open().data.getReport(run, 2)).toEqual(report);
      expect(await open().data.getReport(run, 1)).toBeUndefined();
      expect(await open().data.getPayload(fresh())).toBeUndefined();
    });

    it('are written once: a repeat changes nothing', async () => {
      const run = fresh();
      expect(await open().data.putPayload(run, 'first', NOW + DAY_MS)).toBe('kept');
      expect(await open().data.putPayload(run, 'first', NOW + DAY_MS)).toBe('kept');
      expect(await open().data.putPayload(run, 'second', NOW + DAY_MS)).toBe('taken');
      await open().data.putReport(run, 1, { output: 'first' }, NOW + DAY_MS);
      await open().data.putReport(run, 1, { output: 'second' }, NOW + DAY_MS);
      expect(await open().data.getPayload(run)).toBe('first');
      expect(await open().data.getReport(run, 1)).toEqual({ output: 'first' });
    });
  });

  describe('an output in pieces', () => {
    it('is joined in order, of the attempt that gave it', async () => {
      const run = fresh();
      const pieces = ['a', 'ünïcode ✓', 'x'.repeat(MAX_OUTPUT_PIECE_BYTES)];
      for (const [piece, text] of [...pieces.entries()].toReversed()) {
        await open().data.putOutput(run, 2, piece, text, NOW + DAY_MS);
      }
      expect(await open().data.getOutput(run, 2, 3)).toBe(pieces.join(''));
      expect(await open().data.getOutput(run, 2, 1)).toBe('a');
      expect(await open().data.getOutput(run, 1, 3)).toBeUndefined();
    });

    it('is none where a piece is missing', async () => {
      const run = fresh();
      await open().data.putOutput(run, 1, 0, 'a', NOW + DAY_MS);
      await open().data.putOutput(run, 1, 2, 'c', NOW + DAY_MS);
      expect(await open().data.getOutput(run, 1, 3)).toBeUndefined();
    });

    it('is written once: a repeat changes nothing', async () => {
      const run = fresh();
      await open().data.putOutput(run, 1, 0, 'first', NOW + DAY_MS);
      await open().data.putOutput(run, 1, 0, 'second', NOW + DAY_MS);
      expect(await open().data.getOutput(run, 1, 1)).toBe('first');
    });
  });

  describe('the session of a connection', () => {
    const ref = { pool: 'default', shard: 2, id: 'session' };

    it('is found until it is forgotten', async () => {
      const conn = fresh();
      expect(await open().connections.find(conn)).toBeUndefined();
      await open().connections.bind(conn, ref, NOW + DAY_MS);
      expect(await open().connections.find(conn)).toEqual(ref);
      await open().connections.bind(conn, { ...ref, id: 'successor' }, NOW + DAY_MS);
      expect(await open().connections.find(conn)).toEqual({ ...ref, id: 'successor' });
      await open().connections.forget(conn, NOW + DAY_MS);
      expect(await open().connections.find(conn)).toBeUndefined();
      await open().connections.forget(conn, NOW + DAY_MS);
      expect(await open().connections.find(conn)).toBeUndefined();
    });

    it('stands beside what the connection was let in with, which outlives it for late frames', async () => {
      const conn = fresh();
      const grant: ConnectionGrant = {
        ...{ owner: '12', key: '34', hash: 'h'.repeat(43), name: 'wörker' },
        ...{ scopes: ['workers:connect'], pools: ['default', '*'] },
      };
      expect(await open().connections.grantOf(conn)).toBeUndefined();
      await open().connections.admit(conn, grant, NOW + DAY_MS);
      expect(await open().connections.grantOf(conn)).toEqual(grant);
      expect(await open().connections.find(conn)).toBeUndefined();
      await open().connections.bind(conn, ref, NOW + DAY_MS);
      await open().connections.strike(conn, NOW, NOW + DAY_MS);
      expect(await open().connections.grantOf(conn)).toEqual(grant);
      expect(await open().connections.find(conn)).toEqual(ref);
      await open().connections.forget(conn, NOW + DAY_MS);
      expect(await open().connections.grantOf(conn)).toEqual(grant);
      expect(await open().connections.grantOf(fresh())).toBeUndefined();
    });

    it('counts the frames that could not be read, minute by minute', async () => {
      const conn = fresh();
      const strike = (afterMs: number) => open().connections.strike(conn, NOW + afterMs, NOW + DAY_MS);
      expect([await strike(0), await strike(1), await strike(59_999)]).toEqual([1, 2, 3]);
      expect([await strike(60_000), await strike(70_000)]).toEqual([1, 2]);
      // A connection that has only misbehaved serves no session.
      expect(await open().connections.find(conn)).toBeUndefined();
      await open().connections.bind(conn, ref, NOW + DAY_MS);
      expect(await strike(71_000)).toBe(3);
      expect(await open().connections.find(conn)).toEqual(ref);
    });
  });

  describe('an idempotency key', () => {
    const times = { now: NOW, expiresAt: NOW + DAY_MS };

    it('is bound once, and shows whom it is bound to', async () => {
      const key = fresh();
      const first = { run: '1', fingerprint: 'a' };
      expect(await open().idempotency.reserve(key, first, times)).toEqual({ kind: 'reserved' });
      const again = await open().idempotency.reserve(key, { run: '2', fingerprint: 'b' }, times);
      expect(again).toEqual({ kind: 'taken', by: first });
      expect((await open().idempotency.reserve(fresh(), first, times)).kind).toBe('reserved');
    });

    it('can be looked up while it lasts', async () => {
      const key = fresh();
      const reservation = { run: '1', fingerprint: 'a' };
      expect(await open().idempotency.find(key, NOW)).toBeUndefined();
      await open().idempotency.reserve(key, reservation, times);
      expect(await open().idempotency.find(key, NOW)).toEqual(reservation);
      expect(await open().idempotency.find(key, NOW + DAY_MS - 1_000)).toEqual(reservation);
      expect(await open().idempotency.find(key, NOW + DAY_MS + 1_000)).toBeUndefined();
    });

    it('is free again when it has expired, though its row may still be there', async () => {
      const key = fresh();
      await open().idempotency.reserve(key, { run: '1', fingerprint: 'a' }, times);
      const later = (afterMs: number) => ({ now: NOW + DAY_MS + afterMs, expiresAt: NOW + 2 * DAY_MS });
      const second = { run: '2', fingerprint: 'a' };
      expect((await open().idempotency.reserve(key, second, later(-1_000))).kind).toBe('taken');
      expect((await open().idempotency.reserve(key, second, later(1_000))).kind).toBe('reserved');
    });

    it('moves to another run when the one it names turned out to be somebody else’s', async () => {
      const key = fresh();
      await open().idempotency.reserve(key, { run: '1', fingerprint: 'a' }, times);
      const second = { run: '2', fingerprint: 'a' };
      expect(await open().idempotency.reserve(key, second, times, '1')).toEqual({ kind: 'reserved' });
      const third = { run: '3', fingerprint: 'a' };
      expect(await open().idempotency.reserve(key, third, times, '1')).toEqual({ kind: 'taken', by: second });
    });

    it('goes to one of 20 that arrive at once, and all learn which', async () => {
      const key = fresh();
      const rivals = Array.from({ length: 20 }, (_, index) => ({ run: String(index + 1), fingerprint: 'a' }));
      const reserved = await Promise.all(rivals.map((rival) => open().idempotency.reserve(key, rival, times)));
      const winner = rivals[reserved.findIndex(({ kind }) => kind === 'reserved')];
      expect(reserved.filter(({ kind }) => kind === 'taken')).toEqual(Array(19).fill({ kind: 'taken', by: winner }));
    });
  });

  describe('a row that a person must act on', () => {
    it('is written once', async () => {
      const lost = {
        ...{ kind: 'worker_lost' as const, id: fresh(), at: NOW, pool: 'default', session: 's', worker: 'w' },
        held: ['1:1'],
      };
      await open().exceptions.record(lost);
      await open().exceptions.record({ ...lost, at: NOW + 1, held: [] });
      expect(await open().exception(lost.id)).toMatchObject(lost);
      expect(await open().exception(fresh())).toBeUndefined();
    });
  });

  describe('the counters', () => {
    /** The length of a real sequence number: far beyond 2^53. */
    const BIG = 49_590_338_271_490_256_608_559_692_538_361_571_095n;
    const one = { scheduled: 1 };
    const HOUR_MS = 3_600_000;
    /** An hour that no other test counts in. */
    const WEEK = NOW - (NOW % HOUR_MS) + 168 * HOUR_MS;
    const at = (first: bigint, last = first) => ({ first, last });

    it('add up over the shards of the stream, for a handler and for all', async () => {
      const [shard, other, handler] = [fresh(), fresh(), fresh()];
      const { counts } = open();
      expect(await counts.add(handler, shard, at(BIG), { scheduled: 1, failed: 3 }, NOW)).toEqual({
        kind: 'added',
        firstOfShard: true,
      });
      expect(await counts.add(handler, shard, at(BIG + 1n), one, NOW)).toEqual({ kind: 'added', firstOfShard: false });
      expect(await counts.add(handler, other, at(1n), one, NOW)).toEqual({ kind: 'added', firstOfShard: true });
      await expect.poll(() => counts.read(handler), SOON).toEqual({ scheduled: 3, failed: 3 });
      const { scheduled: before = 0 } = await counts.read();
      await counts.add(undefined, shard, at(BIG), one, NOW);
      await expect.poll(async () => (await counts.read()).scheduled, SOON).toBe(before + 1);
      expect(await counts.read(fresh())).toEqual({});
    });

    it('count nothing twice: a batch that comes again, whole or in part, learns how far it was counted', async () => {
      const [shard, handler] = [fresh(), fresh()];
      const { counts } = open();
      await counts.add(handler, shard, at(5n, BIG), one, NOW);
      for (const again of [at(5n, BIG), at(BIG), at(7n, BIG + 9n)]) {
        expect(await counts.add(handler, shard, again, one, NOW)).toEqual({ kind: 'counted', position: BIG });
      }
      expect(await counts.add(handler, shard, at(BIG + 1n), one, NOW)).toMatchObject({ kind: 'added' });
      await expect.poll(() => counts.read(handler), SOON).toEqual({ scheduled: 2 });
    });

    it('compare positions as numbers, not as text', async () => {
      const [shard, handler] = [fresh(), fresh()];
      const { counts } = open();
      await counts.add(handler, shard, at(9n), one, NOW);
      expect(await counts.add(handler, shard, at(10n), one, NOW)).toMatchObject({ kind: 'added' });
    });

    it('are moved by one of five twins that count the same batch at once', async () => {
      const [shard, handler] = [fresh(), fresh()];
      const twins = Array.from({ length: 5 }, () => open().counts.add(handler, shard, at(7n), one, NOW));
      expect((await Promise.all(twins)).filter(({ kind }) => kind === 'added')).toHaveLength(1);
      await expect.poll(() => open().counts.read(handler), SOON).toEqual({ scheduled: 1 });
    });

    it('move on over a batch that changes no count, and take what is gone away again', async () => {
      const [shard, handler] = [fresh(), fresh()];
      const { counts } = open();
      expect(await counts.add(handler, shard, at(1n), {}, NOW)).toMatchObject({ kind: 'added' });
      expect(await counts.add(handler, shard, at(2n), one, NOW)).toMatchObject({ kind: 'added' });
      await counts.add(handler, shard, at(3n), { scheduled: -1, timed_out: 1 }, NOW);
      await expect.poll(() => counts.read(handler), SOON).toEqual({ scheduled: 0, timed_out: 1 });
    });

    it('tell what was created and how it ended in each hour, over the shards of the stream', async () => {
      const [shard, other] = [fresh(), fresh()];
      const { counts } = open();
      const hours = [0, 1, 2].map((index) => WEEK + index * HOUR_MS);
      const [first = 0, second = 0, third = 0] = hours;
      await counts.add({ hour: second }, shard, at(5n, 9n), { created: 2, succeeded: 1 }, NOW);
      await counts.add({ hour: second }, other, at(5n), { created: 1, failed: 1, skipped: 1 }, NOW);
      await counts.add({ hour: first }, shard, at(5n, 9n), { timed_out: 4 }, NOW);
      await counts.add({ hour: third }, shard, at(5n, 9n), { created: 7 }, NOW);
      const both = [
        { hour: first, sums: { timed_out: 4 } },
        { hour: second, sums: { created: 3, succeeded: 1, failed: 1, skipped: 1 } },
      ];
      await expect.poll(() => counts.hours(first, third), SOON).toEqual(both);
      expect(await counts.hours(second, third)).toEqual(both.slice(1));
      expect(await counts.hours(first + 1, third + 1)).toEqual([
        ...both.slice(1),
        { hour: third, sums: { created: 7 } },
      ]);
      expect(await counts.hours(0, WEEK)).toEqual([]);
      // An hour is counted exactly once, too, and apart from the others.
      expect(await counts.add({ hour: second }, shard, at(5n, 9n), { created: 2 }, NOW)).toEqual({
        ...{ kind: 'counted', position: 9n },
      });
    });

    it('tell of the hours of a counter what was counted for it, whatever its sums are called', async () => {
      const [shard, of] = [fresh(), fresh()];
      const { counts } = open();
      const [first, second] = [WEEK, WEEK + HOUR_MS];
      await counts.add({ hour: first, of }, shard, at(1n), { succeeded: 2, durationMs: 1_234 }, NOW);
      await counts.add({ hour: first, of }, shard, at(2n), { succeeded: -1, expired_succeeded: 1 }, NOW);
      await counts.add({ hour: second, of: fresh() }, shard, at(1n), { succeeded: 5 }, NOW);
      await counts.add(of, shard, at(1n), { running: 1 }, NOW);
      const sums = { succeeded: 1, durationMs: 1_234, expired_succeeded: 1 };
      await expect.poll(() => counts.hours(first, second + 1, of), SOON).toEqual([{ hour: first, sums }]);
      await expect.poll(() => counts.read(of), SOON).toEqual({ running: 1 });
    });

    it('are the same after the shards that have ended were merged, by however many at once', async () => {
      const [handler, living] = [fresh(), fresh()];
      const { counts } = open();
      for (const ended of [fresh(), fresh(), fresh()]) {
        await counts.add(handler, ended, at(1n), { scheduled: 2, failed: 1 }, NOW - DAY_MS);
      }
      await counts.add(handler, living, at(1n), one, NOW);
      await Promise.all([1, 2, 3].map(() => counts.fold(handler, NOW - 1)));
      await counts.fold(handler, NOW - 1);
      await expect.poll(() => counts.read(handler), SOON).toEqual({ scheduled: 7, failed: 3 });
      expect(await counts.add(handler, living, at(1n), one, NOW)).toMatchObject({ kind: 'counted' });
    });
  });
};
