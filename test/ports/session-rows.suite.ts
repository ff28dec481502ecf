import { describe, expect, it } from 'vitest';
import type { SessionStore } from '../../lib/application/ports/index.ts';
import type { Session } from '../../lib/domain/session.ts';
import { NOW } from '../support/rows.ts';
import { freshSession, sessionTools, unmarked } from './session-tools.ts';

const DAY_MS = 86_400_000;
const HELD = ['1:1', '2:3'];

/** The rows of sessions: creation, socket, end, and the look at a shard (S1–S4, D2). */
export const sessionRowsSuite = (open: () => { readonly sessions: SessionStore }): void => {
  const { sessions, get, stored } = sessionTools(open);

  describe('creating a session (S1)', () => {
    it('gives it back as it was created', async () => {
      const full = await stored({ handlers: ['a', 'ünï'], tags: ['gpu'], list: HELD, fence: 2, limit: -3, q: 9 });
      expect(await get(full)).toEqual(full);
      const { conn: _none, ...bare } = freshSession({ handlers: [], tags: [], list: [] });
      expect(await sessions().create(bare, 'nonce')).toEqual({ kind: 'created' });
      expect(await get(bare)).toEqual(bare);
      expect(await sessions().get(freshSession(), 'eventual')).toBeUndefined();
    });

    it('is idempotent: a repeated one shows the row that is there', async () => {
      const session = await stored({ q: 4 });
      expect(unmarked(await sessions().create({ ...session, q: 0 }, 'another'))).toEqual({ kind: 'exists', session });
      expect(await get(session)).toEqual(session);
    });

    it('wins once when 20 do it at once', async () => {
      const session = freshSession();
      const rivals = Array.from({ length: 20 }, (_, index) => ({ ...session, name: `rival-${index}` }));
      const created = await Promise.all(rivals.map((rival) => sessions().create(rival, rival.name)));
      const row = await get(session);
      expect(created.filter(({ kind }) => kind === 'created')).toHaveLength(1);
      expect(unmarked(created.filter(({ kind }) => kind !== 'created'))).toEqual(
        Array(19).fill({ kind: 'exists', session: row }),
      );
    });

    it('is stopped by the void marks of its own alarms, not of another (A5)', async () => {
      const session = freshSession();
      expect(await sessions().voidMissing(session, 'first', NOW + DAY_MS)).toBe(true);
      expect(await sessions().voidMissing(session, 'second', NOW + DAY_MS)).toBe(true);
      expect(await get(session)).toBeUndefined();
      expect(await sessions().create(session, 'first')).toEqual({ kind: 'voided' });
      expect(await sessions().create(session, 'second')).toEqual({ kind: 'voided' });
      expect(await sessions().create(session, 'third')).toEqual({ kind: 'created' });
      expect(await get(session)).toEqual(session);
      expect(await sessions().voidMissing(session, 'late', NOW + DAY_MS)).toBe(false);
      expect(await get(session)).toEqual(session);
    });
  });

  describe('what a person sets for a worker', () => {
    const settings = { tags: ['gpu'], maxTasks: 3, labels: { zone: 'a' }, categories: ['mail'], handlers: ['resize'] };

    it('changes nothing else', async () => {
      const session = await stored({ q: 3, list: HELD });
      const changed = await sessions().configure(session, { ...settings, disabled: true });
      expect(unmarked(changed)).toEqual({ ...session, ...settings, disabled: true });
      expect(await get(session)).toEqual(unmarked(changed));
      await sessions().configure(session, { tags: [] });
      expect(await get(session)).toMatchObject({ tags: [], maxTasks: 3, disabled: true });
      await sessions().configure(session, { disabled: false });
      expect(await get(session)).not.toHaveProperty('disabled');
    });

    it.each(['lost', 'closed'] as const)('is not written to a %s session', async (st) => {
      const session = await stored({ st });
      expect(await sessions().configure(session, settings)).toBeUndefined();
      expect(await get(session)).toEqual(session);
      expect(await sessions().configure(freshSession(), settings)).toBeUndefined();
    });

    it('disabled, it gives no credit, and is heard all the same', async () => {
      const session = await stored({ limit: 5, disabled: true });
      const report = { rep: 2, seen: 0, limit: 5 };
      expect(await sessions().take(session, 1, NOW)).toBeUndefined();
      expect(await sessions().take(session, 2, NOW)).toBeUndefined();
      expect(await sessions().report(session, report, { take: 1, now: NOW })).toMatchObject({ kind: 'refused' });
      expect(await sessions().report(session, report, { take: 0, now: NOW })).toMatchObject({ kind: 'stored' });
    });
  });

  describe('the socket of a session', () => {
    const report = { rep: 7, seen: 2, limit: 9 };

    it('is taken over by a resume of a later epoch (S2)', async () => {
      const session = await stored({ epoch: 2, list: HELD, rep: 5 });
      const to = { conn: 'conn-new', epoch: 3 };
      const resumed = await sessions().resume(session, to, report, ['9:1'], NOW + 9);
      const row = { ...session, ...to, ...report, list: ['9:1'], hbAt: NOW + 9 };
      expect(unmarked(resumed)).toEqual({ kind: 'stored', session: row, before: HELD, hadCredit: true });
      expect(await get(session)).toEqual(row);
    });

    it.each([1, 2])('is not taken back by an older one (epoch %i of 2)', async (epoch) => {
      const session = await stored({ epoch: 2 });
      const resumed = await sessions().resume(session, { conn: 'conn-old', epoch }, report, [], NOW + 9);
      expect(unmarked(resumed)).toEqual({ kind: 'refused', session });
      expect(await get(session)).toEqual(session);
    });

    it('cannot be had of a session that has ended or never was', async () => {
      const lost = await stored({ st: 'lost' });
      const to = { conn: 'conn-new', epoch: 9 };
      expect(unmarked(await sessions().resume(lost, to, report, [], NOW))).toEqual({ kind: 'refused', session: lost });
      expect(await sessions().resume(freshSession(), to, report, [], NOW)).toEqual({ kind: 'missing' });
    });

    it('is dropped only if it is still the session’s (S3, H24)', async () => {
      const session = await stored({ conn: 'conn-2' });
      expect(await sessions().detach(session, 'conn-1')).toBe(false);
      expect(await get(session)).toEqual(session);
      expect(await sessions().detach(session, 'conn-2')).toBe(true);
      const { conn: _gone, ...detached } = session;
      expect(await get(session)).toEqual(detached);
      expect(await sessions().detach(session, 'conn-2')).toBe(false);
      expect(await sessions().detach(freshSession(), 'conn-2')).toBe(false);
    });
  });

  describe('the end of a session (S4)', () => {
    it('goes from up to lost to closed to gone, and no other way', async () => {
      const session = await stored({ hbAt: NOW, list: HELD });
      await sessions().close(session);
      await sessions().remove(session);
      expect(await get(session)).toEqual(session);

      expect(unmarked(await sessions().lose(session, NOW))).toEqual({ ...session, st: 'lost' });
      expect(await sessions().lose(session, NOW)).toBeUndefined();
      await sessions().remove(session);
      expect(await get(session)).toEqual({ ...session, st: 'lost' });

      await sessions().close(session);
      expect(await get(session)).toEqual({ ...session, st: 'closed' });
      expect(await sessions().lose(session)).toBeUndefined();

      await sessions().remove(session);
      expect(await get(session)).toBeUndefined();
      await sessions().close(session);
      await sessions().remove(session);
      expect(await get(session)).toBeUndefined();
    });

    it('is not the silence that was seen when a heartbeat came since', async () => {
      const session = await stored({ hbAt: NOW });
      await sessions().report(
        session,
        { rep: 2, seen: 0, limit: 1 },
        { heartbeat: { list: [], conn: 'conn-new' }, take: 0, now: NOW + 15_000 },
      );
      expect(await sessions().lose(session, NOW)).toBeUndefined();
      expect((await get(session))?.st).toBe('up');
    });

    it('comes at once when the worker itself says so', async () => {
      const session = await stored();
      expect(await sessions().lose(session)).toMatchObject({ st: 'lost' });
      expect(await sessions().lose(freshSession())).toBeUndefined();
    });

    it('happens once when five alarms find it at once', async () => {
      const session = await stored({ hbAt: NOW });
      const losses = await Promise.all(Array.from({ length: 5 }, () => sessions().lose(session, NOW)));
      expect(losses.filter((lost) => lost !== undefined)).toHaveLength(1);
    });
  });

  describe('fence and generation of a session', () => {
    it('are kept as those of a run are (A5, A6)', async () => {
      const session = await stored();
      expect(await sessions().fence(session, 2)).toBe(false);
      expect(await sessions().bump(session, 2, 0, 'nonce')).toBe(false);
      expect(await sessions().fence(session, 1)).toBe(true);
      expect(await sessions().bump(session, 1, 0, 'nonce')).toBe(false);
      expect(await sessions().bump(session, 1, 1, 'nonce')).toBe(true);
      expect(await sessions().bump(session, 1, 1, 'nonce')).toBe(false);
      expect(await get(session)).toEqual({ ...session, g: 2, fence: 1, bumped: { g: 2, nonce: 'nonce' } });
      expect(await sessions().fence(freshSession(), 1)).toBe(false);
      expect(await sessions().bump(freshSession(), 1, 0, 'nonce')).toBe(false);
    });
  });

  describe('looking for credit (D2)', () => {
    const ids = (found: readonly Session[]): string[] => found.map(({ id }) => id);

    it('sees a new session at once, void marks never', async () => {
      const place = { pool: 'look', shard: 3 };
      const session = await stored({ ...place, id: 'b' });
      await sessions().voidMissing({ ...place, id: 'a' }, 'nonce', NOW + DAY_MS);
      const look = await sessions().look({ ...place, reading: 'consistent' });
      expect(unmarked(look)).toEqual({ sessions: [session], more: false });
    });

    it('keeps pools and shards apart', async () => {
      await stored({ pool: 'apart', shard: 1, id: 'one' });
      await stored({ pool: 'apart', shard: 11, id: 'eleven' });
      await stored({ pool: 'apart#1', shard: 1, id: 'other-pool' });
      const look = await sessions().look({ pool: 'apart', shard: 1, reading: 'consistent' });
      expect(ids(look.sessions)).toEqual(['one']);
      expect(await sessions().look({ pool: 'apart', shard: 2, reading: 'eventual' })).toEqual({
        sessions: [],
        more: false,
      });
    });

    it('reads a crowded shard a page at a time, from any place in it', async () => {
      const place = { pool: 'crowd', shard: 0 };
      const all = Array.from({ length: 45 }, (_, index) => `s${String(index).padStart(2, '0')}`);
      await Promise.all(all.map((id) => stored({ ...place, id })));
      const pages: string[][] = [];
      for (let more = true; more; ) {
        const after = pages.at(-1)?.at(-1);
        const look = await sessions().look({
          ...place,
          reading: 'consistent',
          ...(after === undefined ? {} : { after }),
        });
        pages.push(ids(look.sessions));
        more = look.more;
      }
      expect(pages.flat()).toEqual(all);
      // Eight rows are one read unit.
      expect(Math.max(...pages.map(({ length }) => length))).toBe(8);
      const whole = await sessions().look({ ...place, reading: 'consistent', limit: 40 });
      expect([ids(whole.sessions), whole.more]).toEqual([all.slice(0, 40), true]);
      // No session is called so: a place between two is good enough.
      const between = await sessions().look({ ...place, reading: 'consistent', after: 's42-' });
      expect(ids(between.sessions)).toEqual(['s43', 's44']);
      const behind = await sessions().look({ ...place, reading: 'consistent', after: 'zzz' });
      expect(behind).toEqual({ sessions: [], more: false });
    });
  });
};
