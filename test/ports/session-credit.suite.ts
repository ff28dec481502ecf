import { describe, expect, it } from 'vitest';
import type { SessionStore } from '../../lib/application/ports/index.ts';
import { NOW } from '../support/rows.ts';
import { freshSession, sessionTools, unmarked } from './session-tools.ts';

const DAY_MS = 86_400_000;
const HELD = ['1:1', '2:3'];

/** The credit that sessions give, and the reports that move it (C1–C5). */
export const sessionCreditSuite = (open: () => { readonly sessions: SessionStore }): void => {
  const { sessions, get, stored } = sessionTools(open);

  describe('taking credit (C1)', () => {
    it('counts the push and gives back the row as it is now', async () => {
      const session = await stored({ limit: 3, q: 1 });
      const taken = await sessions().take(session, 1, NOW + 5);
      expect(unmarked(taken)).toEqual({ ...session, q: 2, takeAt: NOW + 5 });
      expect(await get(session)).toEqual(unmarked(taken));
    });

    it('takes one as long as there is one, however old the reading', async () => {
      const session = await stored({ limit: 2 });
      expect((await sessions().take(session, 1, NOW))?.q).toBe(1);
      expect((await sessions().take(session, 1, NOW))?.q).toBe(2);
      expect(await sessions().take(session, 1, NOW)).toBeUndefined();
      expect((await get(session))?.q).toBe(2);
    });

    it('takes several only if neither end has got worse since the reading', async () => {
      const session = await stored({ limit: 10, q: 2 });
      const taken = await sessions().take(session, 4, NOW);
      expect(taken?.q).toBe(6);
      expect(await sessions().take(session, 4, NOW)).toBeUndefined();
      const read = { ...session, q: 6 };
      await sessions().report(session, { rep: 2, seen: 6, limit: 9 }, { take: 0, now: NOW });
      expect(await sessions().take(read, 4, NOW)).toBeUndefined();
      await sessions().report(session, { rep: 3, seen: 6, limit: 12 }, { take: 0, now: NOW });
      expect((await sessions().take(read, 4, NOW))?.q).toBe(10);
    });

    it.each(['lost', 'closed'] as const)('a %s session gives none', async (st) => {
      const session = await stored({ st });
      expect(await sessions().take(session, 1, NOW)).toBeUndefined();
      expect(await sessions().take(session, 2, NOW)).toBeUndefined();
      expect(await get(session)).toEqual(session);
    });

    it('a session that is not there gives none', async () => {
      expect(await sessions().take(freshSession(), 1, NOW)).toBeUndefined();
    });

    it('of 50 takes at once on 10 free slots exactly 10 get one, each its own', async () => {
      const session = await stored({ limit: 10 });
      const taken = await Promise.all(Array.from({ length: 50 }, () => sessions().take(session, 1, NOW)));
      const seqs = taken.flatMap((row) => row?.q ?? []).toSorted((a, b) => a - b);
      expect(seqs).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
      expect((await get(session))?.q).toBe(10);
    });

    it('never goes beyond the limit when ones and threes are taken at once', async () => {
      const session = await stored({ limit: 10 });
      const takes = Array.from({ length: 12 }, (_, index) => sessions().take(session, index % 2 === 0 ? 1 : 3, NOW));
      await Promise.all(takes);
      expect((await get(session))?.q).toBeLessThanOrEqual(10);
    });
  });

  describe('giving back (C5)', () => {
    it('works while the pushes are the last that were taken', async () => {
      const session = await stored({ limit: 10, q: 2 });
      const taken = await sessions().take(session, 3, NOW);
      expect(await sessions().giveBack(taken ?? session, 2)).toBe(true);
      expect((await get(session))?.q).toBe(3);
    });

    it('is refused after another take: those numbers are gaps, which the worker’s sync voids (C6)', async () => {
      const session = await stored({ limit: 10 });
      const mine = await sessions().take(session, 1, NOW);
      await sessions().take(session, 1, NOW);
      expect(await sessions().giveBack(mine ?? session, 1)).toBe(false);
      expect((await get(session))?.q).toBe(2);
      expect(await sessions().giveBack(freshSession(), 1)).toBe(false);
    });
  });

  describe('a report (C3)', () => {
    it('moves the limit, and tells the list before', async () => {
      const session = await stored({ rep: 4, list: HELD, hbAt: NOW });
      const reported = await sessions().report(session, { rep: 5, seen: 3, limit: 7 }, { take: 0, now: NOW + 9 });
      const row = { ...session, rep: 5, seen: 3, limit: 7 };
      expect(unmarked(reported)).toEqual({ kind: 'stored', session: row, before: HELD, hadCredit: true });
      expect(await get(session)).toEqual(row);
    });

    it('with a list is a heartbeat', async () => {
      const session = await stored({ list: HELD, takeAt: NOW - 1 });
      const report = { rep: 2, seen: 3, limit: 7 };
      const reported = await sessions().report(session, report, {
        heartbeat: { list: ['9:1'], conn: 'conn-new' },
        take: 0,
        now: NOW + 9,
      });
      const row = { ...session, ...report, list: ['9:1'], hbAt: NOW + 9 };
      expect(unmarked(reported)).toEqual({ kind: 'stored', session: row, before: HELD, hadCredit: true });
      expect(await get(session)).toEqual(row);
    });

    it('of a worker without a known socket brings its socket: a 410 was wrong', async () => {
      const { conn: _gone, ...detached } = freshSession();
      await sessions().create(detached, 'nonce');
      const heartbeat = { list: [], conn: 'conn-new' };
      const reported = await sessions().report(
        detached,
        { rep: 2, seen: 0, limit: 1 },
        { heartbeat, take: 0, now: NOW },
      );
      expect(reported).toMatchObject({ kind: 'stored', session: { conn: 'conn-new' } });
      expect((await get(detached))?.conn).toBe('conn-new');
    });

    it('of a worker that has no socket brings none', async () => {
      const { conn: _none, ...polling } = freshSession({ polls: true });
      await sessions().create(polling, 'nonce');
      const report = { rep: 2, seen: 0, limit: 0 };
      const reported = await sessions().report(polling, report, { heartbeat: { list: HELD }, take: 0, now: NOW + 9 });
      const row = { ...polling, ...report, list: HELD, hbAt: NOW + 9 };
      expect(unmarked(reported)).toMatchObject({ kind: 'stored', session: row });
      expect(await get(polling)).toEqual(row);
    });

    it.each([3, 4])('that comes after a newer one changes nothing (rep %i of 4, H11)', async (rep) => {
      const session = await stored({ rep: 4, limit: 6 });
      const late = await sessions().report(
        session,
        { rep, seen: 9, limit: 99 },
        { heartbeat: { list: [], conn: 'conn-new' }, take: 1, now: NOW + 9 },
      );
      expect(unmarked(late)).toEqual({ kind: 'refused', session });
      expect(await get(session)).toEqual(session);
    });

    it('may lower the limit below what was pushed: that heals', async () => {
      const session = await stored({ limit: 5, q: 5 });
      const reported = await sessions().report(session, { rep: 2, seen: 5, limit: 3 }, { take: 0, now: NOW });
      expect(reported).toMatchObject({ kind: 'stored', session: { limit: 3, q: 5 } });
      expect(await sessions().take(session, 1, NOW)).toBeUndefined();
    });

    it.each(['lost', 'closed'] as const)('to a %s session is refused', async (st) => {
      const session = await stored({ st });
      const report = { rep: 9, seen: 0, limit: 1 };
      expect(unmarked(await sessions().report(session, report, { take: 0, now: NOW }))).toEqual({
        kind: 'refused',
        session,
      });
    });

    it('to a session that is not there, or is void, is missing', async () => {
      const session = freshSession();
      const report = { rep: 9, seen: 0, limit: 1 };
      expect(await sessions().report(session, report, { take: 0, now: NOW })).toEqual({ kind: 'missing' });
      await sessions().voidMissing(session, 'nonce', NOW + DAY_MS);
      expect(await sessions().report(session, report, { take: 0, now: NOW })).toEqual({ kind: 'missing' });
    });

    it('counts in order, whatever the order of 20 at once', async () => {
      const session = await stored({ rep: 0 });
      const reports = Array.from({ length: 20 }, (_, index) => ({ rep: 20 - index, seen: 0, limit: 100 + 20 - index }));
      await Promise.all(reports.map((report) => sessions().report(session, report, { take: 0, now: NOW })));
      expect(await get(session)).toMatchObject({ rep: 20, limit: 120 });
    });
  });

  describe('a report that takes (C4)', () => {
    it('stores and takes in one write', async () => {
      const session = await stored({ limit: 4, q: 4, list: HELD });
      const reported = await sessions().report(session, { rep: 2, seen: 4, limit: 6 }, { take: 2, now: NOW + 9 });
      const row = { ...session, rep: 2, seen: 4, limit: 6, q: 6, takeAt: NOW + 9 };
      expect(unmarked(reported)).toEqual({ kind: 'stored', session: row, before: HELD, hadCredit: false });
      expect(await get(session)).toEqual(row);
    });

    it('is refused whole when the new limit leaves no room for all it takes', async () => {
      const session = await stored({ limit: 4, q: 4 });
      const report = { rep: 2, seen: 4, limit: 5 };
      expect(unmarked(await sessions().report(session, report, { take: 2, now: NOW }))).toEqual({
        kind: 'refused',
        session,
      });
      expect(await get(session)).toEqual(session);
      expect(await sessions().report(session, report, { take: 1, now: NOW })).toMatchObject({ kind: 'stored' });
    });

    it('never over-commits together with takes at once', async () => {
      const session = await stored({ limit: 5, q: 5, rep: 0 });
      const reports = Array.from({ length: 5 }, (_, index) =>
        sessions().report(session, { rep: index + 1, seen: 5, limit: 8 }, { take: 1, now: NOW }),
      );
      const takes = Array.from({ length: 10 }, () => sessions().take(session, 1, NOW));
      await Promise.all([...reports, ...takes]);
      expect(await get(session)).toMatchObject({ limit: 8 });
      expect((await get(session))?.q).toBeLessThanOrEqual(8);
    });
  });
};
