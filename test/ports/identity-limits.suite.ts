import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { PublicJwk } from '../../lib/application/ports/identity.ts';
import { freshNumber } from '../support/identity-rows.ts';
import { NOW } from '../support/rows.ts';
import { atOnce, type OpenIdentity } from './identity-tools.ts';

const WINDOW_MS = 15 * 60_000;
const fresh = (): string => `account:${freshNumber()}`;

/** @param numRuns how many bursts of the throttle's property are tried */
export const identityLimitsSuite = (
  { stores, empty }: OpenIdentity,
  { numRuns }: { readonly numRuns: number },
): void => {
  describe('failed tries', () => {
    const count = (key: string, now: number, max = 5) =>
      stores().attempts.count(key, { max, windowMs: WINDOW_MS, now });

    it('are counted up to the limit, and from the oldest’s leaving on again', async () => {
      const key = fresh();
      for (const [index, at] of [0, 10, 20].entries()) {
        expect(await count(key, NOW + at, 3), `${index}`).toEqual({ kind: 'counted' });
      }
      const limited = { kind: 'limited', retryAt: NOW + WINDOW_MS };
      expect(await count(key, NOW + 30, 3)).toEqual(limited);
      expect(await count(key, NOW + WINDOW_MS - 1, 3)).toEqual(limited);
      expect(await count(key, NOW + WINDOW_MS, 3)).toEqual({ kind: 'counted' });
      expect(await count(key, NOW + WINDOW_MS, 3)).toEqual({ kind: 'limited', retryAt: NOW + WINDOW_MS + 10 });
      expect(await count(fresh(), NOW + 30, 3)).toEqual({ kind: 'counted' });
    });

    it('are exactly as many as the limit when 30 come at once', async () => {
      const key = fresh();
      const answers = await atOnce(30, () => count(key, NOW));
      expect(answers.filter(({ kind }) => kind === 'counted')).toHaveLength(5);
      expect(answers.filter(({ kind }) => kind !== 'counted')).toEqual(
        Array(25).fill({ kind: 'limited', retryAt: NOW + WINDOW_MS }),
      );
    });

    it('lose none of 30 that fit, at different instants', async () => {
      const key = fresh();
      const answers = await atOnce(30, (index) => count(key, NOW + index, 50));
      expect(answers).toEqual(Array(30).fill({ kind: 'counted' }));
      expect(await count(key, NOW + 30, 30)).toEqual({ kind: 'limited', retryAt: NOW + WINDOW_MS });
      expect(await count(key, NOW + 30, 10)).toEqual({ kind: 'limited', retryAt: NOW + 20 + WINDOW_MS });
    });

    it('are taken back one by one', async () => {
      const key = fresh();
      await atOnce(3, () => count(key, NOW, 3));
      await stores().attempts.uncount(key, NOW);
      expect(await count(key, NOW + 1, 3)).toEqual({ kind: 'counted' });
      expect((await count(key, NOW + 1, 3)).kind).toBe('limited');
      await stores().attempts.uncount(key, NOW + 99);
      expect((await count(key, NOW + 1, 3)).kind).toBe('limited');
      await atOnce(2, () => stores().attempts.uncount(key, NOW));
      expect(await count(key, NOW + 2, 2)).toEqual({ kind: 'counted' });
      expect((await count(key, NOW + 2, 2)).kind).toBe('limited');
      const unknown = fresh();
      await stores().attempts.uncount(unknown, NOW);
      expect(await count(unknown, NOW, 1)).toEqual({ kind: 'counted' });
    });

    it('are forgotten when they are cleared, and can be counted again', async () => {
      const key = fresh();
      await atOnce(5, () => count(key, NOW));
      await stores().attempts.clear(key);
      await stores().attempts.clear(key);
      const answers = await atOnce(6, () => count(key, NOW));
      expect(answers.filter(({ kind }) => kind === 'counted')).toHaveLength(5);
    });

    it('are counted under whatever was typed', async () => {
      const key = `${fresh()} ${'☃'.repeat(5_000)}\u0000`;
      expect(await count(key, NOW, 1)).toEqual({ kind: 'counted' });
      expect((await count(key, NOW, 1)).kind).toBe('limited');
      expect(await count(`${key}.`, NOW, 1)).toEqual({ kind: 'counted' });
      expect(await count('', NOW, 1)).toEqual({ kind: 'counted' });
    });
  });

  describe('the throttle', () => {
    const INTERVAL_MS = 10;
    const take = (key: string, tokens: number, now: number, burst = 20) =>
      stores().throttle.take(key, { tokens, intervalMs: INTERVAL_MS, burst, now });

    it('gives the burst at once, then as many as time has brought', async () => {
      const key = fresh();
      expect(await take(key, 15, NOW)).toEqual({ kind: 'taken' });
      expect(await take(key, 6, NOW)).toEqual({ kind: 'refused', retryAt: NOW + 10 });
      expect(await take(key, 5, NOW)).toEqual({ kind: 'taken' });
      expect(await take(key, 1, NOW)).toEqual({ kind: 'refused', retryAt: NOW + 10 });
      expect(await take(key, 3, NOW + 29)).toEqual({ kind: 'refused', retryAt: NOW + 30 });
      expect(await take(key, 3, NOW + 30)).toEqual({ kind: 'taken' });
      expect(await take(key, 20, NOW + 10_000)).toEqual({ kind: 'taken' });
      expect(await take(key, 1, NOW + 10_000)).toEqual({ kind: 'refused', retryAt: NOW + 10_010 });
      expect(await take(fresh(), 20, NOW)).toEqual({ kind: 'taken' });
    });

    it('refuses more than a full bucket holds, and takes nothing for it', async () => {
      const key = fresh();
      expect((await take(key, 21, NOW)).kind).toBe('refused');
      expect(await take(key, 20, NOW)).toEqual({ kind: 'taken' });
    });

    it('admits no more than the burst and what time brought, however many take at once', async () => {
      const round = fc.record({
        passedMs: fc.integer({ min: 0, max: 150 }),
        takes: fc.array(fc.integer({ min: 1, max: 12 }), { minLength: 1, maxLength: 8 }),
      });
      await fc.assert(
        fc.asyncProperty(
          fc.array(round, { minLength: 1, maxLength: 4 }),
          fc.integer({ min: 1, max: 30 }),
          async (rounds, burst) => {
            const key = fresh();
            // Reckoned in milliseconds of rate, so that every sum is exact. A fresh bucket is full.
            let levelMs = burst * INTERVAL_MS;
            let now = NOW;
            for (const { passedMs, takes } of rounds) {
              now += passedMs;
              levelMs = Math.min(burst * INTERVAL_MS, levelMs + passedMs);
              const at = now;
              const answers = await Promise.all(
                takes.map(async (tokens) => ({ tokens, ...(await take(key, tokens, at, burst)) })),
              );
              for (const { tokens, kind } of answers) {
                levelMs -= kind === 'taken' ? tokens * INTERVAL_MS : 0;
              }
              expect(levelMs).toBeGreaterThanOrEqual(0);
              // Nobody is refused what is there once all are answered.
              for (const { tokens, kind } of answers) {
                expect(kind === 'refused' ? tokens * INTERVAL_MS : Number.POSITIVE_INFINITY).toBeGreaterThan(levelMs);
              }
            }
          },
        ),
        { numRuns },
      );
    });
  });

  describe('the public keys', () => {
    const jwk = (kid: string): PublicJwk => ({
      ...{ kty: 'EC', crv: 'P-256', x: `x-${kid}`, y: `y-${kid}` },
      ...{ kid, alg: 'ES256', use: 'sig' },
    });

    it('are exactly those that were published last, the signing one first', async () => {
      const { publicKeys } = await empty();
      expect(await publicKeys.read()).toEqual([]);
      for (const keys of [[jwk('a')], [jwk('b'), jwk('a')], [jwk('a'), jwk('b')], [jwk('b')]]) {
        await publicKeys.publish(keys);
        await publicKeys.publish(keys);
        expect(await publicKeys.read()).toEqual(keys);
      }
    });

    it('are one publisher’s when several publish at once, never a mixture', async () => {
      const { publicKeys } = await empty();
      const sets = ['a', 'b', 'c'].map((kid) => [jwk(kid), jwk(`${kid}-old`)]);
      await Promise.all(sets.map((keys) => publicKeys.publish(keys)));
      expect(sets).toContainEqual(await publicKeys.read());
    });
  });
};
