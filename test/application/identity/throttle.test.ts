/** However many instances share a bucket, no more comes out of it than goes in; and few writes are needed for that. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createThrottle } from '../../../lib/application/identity/throttle.ts';
import type { ThrottleStore } from '../../../lib/application/ports/identity.ts';

const RATE = 100;
const BURST = 500;

/** The generic cell rate algorithm: a row holds when the bucket would be full again. */
const createStore = () => {
  const fullAt = new Map<string, number>();
  const state: { writes: number; fault: boolean } = { writes: 0, fault: false };
  const take: ThrottleStore['take'] = async (key, { tokens, intervalMs, burst, now }) => {
    state.writes += 1;
    await Promise.resolve();
    if (state.fault) {
      throw new Error('the table is throttled');
    }
    const next = Math.max(fullAt.get(key) ?? 0, now) + tokens * intervalMs;
    const retryAt = next - burst * intervalMs;
    if (retryAt > now) {
      return { kind: 'refused', retryAt: Math.ceil(retryAt) };
    }
    fullAt.set(key, next);
    return { kind: 'taken' };
  };
  return { state, take };
};

const createWorld = ({ instances = 1, rate = RATE, burst = BURST } = {}) => {
  const store = createStore();
  const clock = { now: 1_700_000_000_000 };
  const throttles = Array.from({ length: instances }, () =>
    createThrottle({ store, ratePerSecond: rate, burst, now: () => clock.now }),
  );
  return {
    store: store.state,
    clock,
    request: async (instance = 0, key = 'user:1') => {
      const throttle = throttles[instance % instances];
      if (throttle === undefined) {
        throw new Error('a world without instances');
      }
      return throttle(key);
    },
  };
};

describe('what requests cost', () => {
  it.each([
    // Writes as measured: 0.13 and 0.025 for a request, one for each where requests are rare, 2 a second at most below
    // the rate, and 20 a second from a principal that sends five times as much as it may.
    { perSecond: 10, seconds: 10, writes: 13, refused: 0 },
    { perSecond: 100, seconds: 10, writes: 25, refused: 0 },
    { perSecond: 1, seconds: 100, writes: 100, refused: 0 },
    { perSecond: 0.1, seconds: 1_000, writes: 100, refused: 0 },
    { perSecond: 500, seconds: 10, writes: 194, refused: 3_508 },
  ])('$perSecond requests/s for $seconds s make $writes writes', async ({ perSecond, seconds, writes, refused }) => {
    const { clock, request, store } = createWorld();
    let refusals = 0;
    for (let i = 0; i < perSecond * seconds; i += 1) {
      refusals += (await request()).kind === 'refused' ? 1 : 0;
      clock.now += 1_000 / perSecond;
    }
    expect({ writes: store.writes, refused: refusals }).toEqual({ writes, refused });
  });

  it('requests that come together share what one of them asks for', async () => {
    const { request, store } = createWorld();
    const answers = await Promise.all(Array.from({ length: 100 }, () => request()));
    expect(answers.every(({ kind }) => kind === 'taken')).toBe(true);
    // 1 + 2 + 4 + 8 + 16 + 32 + 50
    expect(store.writes).toBe(7);
  });
});

describe('what is admitted', () => {
  it('is the whole burst at once, and not one more', async () => {
    const { clock, request } = createWorld();
    const answers = await Promise.all(Array.from({ length: 1_000 }, () => request()));
    expect(answers.filter(({ kind }) => kind === 'taken')).toHaveLength(BURST);
    const refusal = answers.find((answer) => answer.kind === 'refused');
    expect(refusal?.retryAt).toBe(clock.now + 100);
    clock.now = refusal?.retryAt ?? 0;
    const later = await Promise.all(Array.from({ length: 1_000 }, () => request()));
    expect(later.filter(({ kind }) => kind === 'taken')).toHaveLength(10);
  });

  it('is never more than burst + rate · t, over however many instances, nor in any window but for leases of a second', async () => {
    const rate = 20;
    const burst = 40;
    const step = fc.record({
      gapMs: fc.oneof(fc.constant(0), fc.nat(20), fc.nat(400), fc.nat(4_000)),
      instance: fc.nat(9),
      together: fc.integer({ min: 1, max: 30 }),
    });
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 5 }),
        fc.array(step, { minLength: 1, maxLength: 60 }),
        async (instances, steps) => {
          const { clock, request } = createWorld({ instances, rate, burst });
          const begin = clock.now;
          const admitted: number[] = [];
          for (const { gapMs, instance, together } of steps) {
            clock.now += gapMs;
            const answers = await Promise.all(Array.from({ length: together }, () => request(instance)));
            for (const answer of answers) {
              if (answer.kind === 'taken') {
                admitted.push(clock.now);
              } else {
                expect(answer.retryAt).toBeGreaterThan(clock.now);
                expect(answer.retryAt).toBeLessThanOrEqual(clock.now + 100);
              }
            }
            expect(admitted.length).toBeLessThanOrEqual(burst + (rate * (clock.now - begin)) / 1_000);
          }
          // By how many the busiest window exceeds what may come out of the bucket in it and in the second before.
          const excess = admitted.flatMap((from, first) =>
            admitted.slice(first).map((until, others) => others + 1 - (burst + rate * ((until - from) / 1_000 + 1))),
          );
          expect(excess.reduce((most, more) => Math.max(most, more), 0)).toBe(0);
          // A principal that was idle until its bucket is full again is let in, wherever it comes.
          clock.now += (burst / rate) * 1_000;
          for (let instance = 0; instance < instances; instance += 1) {
            expect(await request(instance)).toEqual({ kind: 'taken' });
          }
        },
      ),
      { numRuns: 150 },
    );
  });

  it('is everything below the rate, spread over nine instances, though leases that run out are lost', async () => {
    const { clock, request, store } = createWorld({ instances: 9 });
    for (let i = 0; i < 90 * 60; i += 1) {
      expect(await request(i)).toEqual({ kind: 'taken' });
      clock.now += 1_000 / 90;
    }
    // For 5,400 requests.
    expect(store.writes).toBe(567);
  });

  it('of one principal takes nothing from another', async () => {
    const { request } = createWorld();
    await Promise.all(Array.from({ length: 1_000 }, () => request(0, 'user:1')));
    expect(await request(0, 'user:1')).toMatchObject({ kind: 'refused' });
    expect(await request(0, 'user:2')).toEqual({ kind: 'taken' });
  });
});

describe('an instance', () => {
  it('keeps leases for no longer than a second, so that nobody saves them up', async () => {
    const { clock, request, store } = createWorld();
    await Promise.all(Array.from({ length: 8 }, () => request()));
    // 1 + 2 + 4 + 8, of which one was used.
    expect(store.writes).toBe(4);
    clock.now += 999;
    await request();
    expect(store.writes).toBe(4);
    clock.now += 1;
    await request();
    expect(store.writes).toBe(5);
  });

  it('begins again with one token for a principal that was away', async () => {
    const { clock, request, store } = createWorld();
    // 1 + 2 + 4 + 8 + 16, of which five were used.
    await Promise.all(Array.from({ length: 20 }, () => request()));
    clock.now += 3_600_000;
    const before = store.writes;
    await request();
    await request();
    expect(store.writes).toBe(before + 2);
  });

  it('holds at most a tenth of the burst, so that the rest is there for others', async () => {
    const { request } = createWorld({ instances: 2, burst: 20 });
    await Promise.all(Array.from({ length: 16 }, () => request(0)));
    const answers = await Promise.all(Array.from({ length: 10 }, () => request(1)));
    // 1 + 8 · 2 tokens went to the first instance.
    expect(answers.filter(({ kind }) => kind === 'taken')).toHaveLength(3);
  });

  it('remembers 1,000 principals, those that came last', async () => {
    const { request, store } = createWorld();
    // The third lease of each is of four tokens, three of which are left.
    const visit = async (key: string) => {
      for (let i = 0; i < 4; i += 1) {
        await request(0, key);
      }
    };
    for (let i = 0; i < 1_000; i += 1) {
      await visit(`user:${i}`);
    }
    const before = store.writes;
    await request(0, 'user:0');
    expect(store.writes).toBe(before);
    // The one more, for which the one that has been away longest is forgotten: no longer the first that ever came.
    await request(0, 'user:new');
    await request(0, 'user:2');
    await request(0, 'user:999');
    expect(store.writes).toBe(before + 1);
    await request(0, 'user:0');
    expect(store.writes).toBe(before + 1);
    await request(0, 'user:1');
    expect(store.writes).toBe(before + 2);
  });

  it('passes on that the store failed, to all who waited for it, and asks again for the next', async () => {
    const { request, store } = createWorld();
    store.fault = true;
    const answers = await Promise.allSettled([request(), request()]);
    expect(answers.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    store.fault = false;
    expect(await request()).toEqual({ kind: 'taken' });
  });

  it('lets a request in after a write that took longer than a lease', async () => {
    const clock = { now: 0 };
    const throttle = createThrottle({
      store: {
        take: async () => {
          clock.now += 5_000;
          return { kind: 'taken' };
        },
      },
      ratePerSecond: RATE,
      burst: BURST,
      now: () => clock.now,
    });
    expect(await throttle('user:1')).toEqual({ kind: 'taken' });
  });
});
