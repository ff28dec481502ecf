import { describe, expect, it } from 'vitest';
import { ROUTING_STRATEGIES, type RoutingStrategy } from '../../../lib/domain/fleet/needs.ts';
import { type Routed, rankForRun } from '../../../lib/domain/fleet/routing.ts';
import type { Session } from '../../../lib/domain/session.ts';
import { aSession, NOW } from '../../support/rows.ts';
import { seeded } from '../../support/seeded.ts';

const HALF = (): number => 0.5;
const aRun = (strategy?: RoutingStrategy, fields: Partial<Routed> & { readonly turn?: number } = {}): Routed => {
  const { turn, ...rest } = fields;
  const routing = strategy && { strategy, ...(turn === undefined ? {} : { turn }) };
  return { handler: 'send_email', ...(routing && { routing }), ...rest };
};
/** A worker of ten slots. */
const worker = (name: string, fields: Partial<Session> & { readonly free?: number } = {}): Session => {
  const { free = 10, q = 0, ...rest } = fields;
  return aSession({ id: `session-${name}`, name, q, limit: q + free, ...rest });
};
const names = (sessions: readonly Session[]): string => sessions.map(({ name }) => name).join(' ');
const rank = (sessions: readonly Session[], run: Routed, chance = HALF): string =>
  names(rankForRun(sessions, run, chance));

describe('ranking for a run', () => {
  it('leaves out who cannot take it', () => {
    const { conn: _none, ...socketless } = worker('no-socket');
    const sessions = [
      worker('lost', { st: 'lost' }),
      worker('closed', { st: 'closed' }),
      worker('full', { free: 0, q: 3 }),
      worker('cut', { free: -2, q: 3 }),
      worker('other-handler', { handlers: ['resize'] }),
      worker('off', { disabled: true }),
      worker('polls', { polls: true }),
      worker('plain', { tags: ['cpu'] }),
      worker('fits', { tags: ['gpu', 'cpu'], free: 1 }),
      socketless,
    ];
    expect(rank(sessions, aRun(undefined, { needs: { tags: ['gpu'] } }))).toBe('fits');
    for (const strategy of ROUTING_STRATEGIES) {
      expect(rank(sessions, aRun(strategy, { needs: { tags: ['gpu'] } }))).toBe('fits');
    }
  });

  it('shares the load among equals by the draw', () => {
    const draws = [0.9, 0.1, 0.5];
    expect(rank([worker('a'), worker('b'), worker('c')], aRun(), () => draws.shift() ?? 0)).toBe('b c a');
  });
});

describe('the strategies (D8)', () => {
  /** Five workers that differ in all that a strategy looks at. */
  const fleet = [
    worker('c', { free: 4, q: 9, takeAt: NOW - 40, createdAt: NOW - 5 }),
    worker('a', { free: 2, q: 7, takeAt: NOW - 20, createdAt: NOW - 3 }),
    worker('e', { free: 3, q: 1, takeAt: NOW - 30, createdAt: NOW - 2 }),
    worker('b', { free: 7, q: 5, takeAt: NOW - 10, createdAt: NOW - 4 }),
    worker('d', { free: 9, q: 3, takeAt: NOW - 50, createdAt: NOW - 1 }),
  ];

  const expected = {
    least_loaded: 'd b c e a',
    broadcast: 'd b c e a',
    first: 'c b a e d',
    last: 'd e a b c',
    failover: 'a b c d e',
    least_frequently_used: 'e d b a c',
    least_recently_used: 'd c e a b',
    // More than half free: b and d, in the order of their names; then by load.
    busy_over: 'b d c e a',
    consistent_hash: 'e b a d c',
    random: 'c a e b d',
    round_robin: 'c d e a b',
  } satisfies Record<RoutingStrategy, string>;

  it.each(Object.entries(expected))('%s asks in the order %s', (strategy, order) => {
    // All draws are alike, so the random order is that of the list.
    expect(rank(fleet, aRun(strategy as RoutingStrategy, { turn: 2, job: '77' }))).toBe(order);
  });

  it('give different orders each, so that a wrong one is noticed above', () => {
    const { broadcast: _asLeastLoaded, ...others } = expected;
    expect(new Set(Object.values(others)).size).toBe(Object.keys(others).length);
  });

  it('round robin gives each worker its turn, in the order of their names, round and round', () => {
    const turns = [0, 1, 2, 3, 4, 5, 6].map((turn) => rank(fleet, aRun('round_robin', { turn }))[0]);
    expect(turns.join(' ')).toBe('a b c d e a b');
  });

  it('round robin leaves a full worker out, and nobody else’s turn moves', () => {
    const full = fleet.map((session) => (session.name === 'c' ? { ...session, limit: session.q } : session));
    const turns = [0, 1, 2, 3, 4, 5].map((turn) => rank(full, aRun('round_robin', { turn }))[0]);
    expect(turns.join(' ')).toBe('a b d d e a');
  });

  it('random gives everybody the same chance', () => {
    const chance = seeded(7);
    const firsts = Array.from({ length: 5_000 }, () => rank(fleet, aRun('random'), chance)[0] ?? '');
    for (const { name } of fleet) {
      const share = firsts.filter((first) => first === name).length;
      expect(share).toBeGreaterThan(850);
      expect(share).toBeLessThan(1_150);
    }
  });

  it('consistent hash spreads jobs, keeps each where it is, and moves only those of a worker that goes', () => {
    const jobs = Array.from({ length: 1_000 }, (_, job) => String(7_300_000_000_000_000 + job));
    const placesOf = (sessions: readonly Session[]) =>
      jobs.map((job) => rank(sessions, aRun('consistent_hash', { job }))[0] ?? '');
    const before = placesOf(fleet);
    for (const { name } of fleet) {
      expect(before.filter((place) => place === name).length).toBeGreaterThan(130);
    }
    const restarted = fleet.map((session) => ({ ...session, id: `new-${session.id}`, createdAt: NOW, q: 0, limit: 5 }));
    expect(placesOf(restarted)).toEqual(before);
    const after = placesOf(fleet.filter(({ name }) => name !== 'c'));
    expect(after.filter((place, index) => place !== before[index] && before[index] !== 'c')).toEqual([]);
    expect(new Set(after.filter((_, index) => before[index] === 'c')).size).toBe(4);
  });

  it('failover keeps to the first while it has room', () => {
    expect(rank([worker('b'), worker('a', { free: 1 })], aRun('failover'))).toBe('a b');
    expect(rank([worker('b'), worker('a', { free: 0 })], aRun('failover'))).toBe('b');
  });

  it('busy over fills a worker to the half before the next one gets any', () => {
    const pair = (a: number, b: number) => [worker('a', { free: a }), worker('b', { free: b })];
    expect(rank(pair(6, 10), aRun('busy_over'))).toBe('a b');
    expect(rank(pair(5, 10), aRun('busy_over'))).toBe('b a');
    expect(rank(pair(4, 5), aRun('busy_over'))).toBe('b a');
  });
});
