import { describe, expect, it } from 'vitest';
import { createAttemptMemory } from '../../lib/worker/attempt-memory.ts';
import { createServerClock, systemClock } from '../../lib/worker/clock.ts';
import { createSleepWatch } from '../../lib/worker/sleep-watch.ts';
import { atServerTime, every } from '../../lib/worker/timers.ts';
import { createVirtualClock } from './virtual-clock.ts';

const createTestClock = () => {
  const now = { monotonic: 1_000, wall: 500_000 };
  return { now, clock: { monotonicMs: () => now.monotonic, wallMs: () => now.wall } };
};

describe('server clock', () => {
  it('is the wall clock until a frame has come', () => {
    expect(createServerClock(createTestClock().clock).nowMs()).toBe(500_000);
  });

  it('goes by the frame that travelled fastest, and is never ahead of what the server has said', () => {
    const { now, clock } = createTestClock();
    const serverClock = createServerClock(clock);
    // The server's clock shows 900,000 more than ours; the frames travelled 80, 5 and 40 ms.
    for (const travelledMs of [80, 5, 40]) {
      now.monotonic += 100;
      serverClock.observe(now.monotonic - travelledMs + 900_000);
    }
    expect(serverClock.nowMs()).toBe(now.monotonic + 900_000 - 5);
  });

  it('counts half of the network’s round trip as the way here, whatever the server took to answer', () => {
    const { now, clock } = createTestClock();
    const serverClock = createServerClock(clock);
    serverClock.observeRoundTrip(30);
    // 10 ms on the way, and a millisecond in each of the two processes.
    serverClock.observeRoundTrip(12);
    serverClock.observe(now.monotonic - 5 + 900_000);
    expect(serverClock.nowMs()).toBe(now.monotonic + 900_000);
  });

  it('follows a clock that drifts, and a step of our own wall clock does not move it', () => {
    const { now, clock } = createTestClock();
    const serverClock = createServerClock(clock);
    serverClock.observe(901_000);
    now.monotonic += 6 * 60_000;
    now.wall += 999_999;
    serverClock.observe(900_000 + now.monotonic - 250);
    expect(serverClock.nowMs()).toBe(now.monotonic + 900_000 - 250);
  });
});

describe('sleep watch', () => {
  it.each(['monotonic', 'wall'] as const)('sees a gap on the %s clock once', (which) => {
    const { now, clock } = createTestClock();
    const watch = createSleepWatch(clock, 30_000);
    now[which] += 30_000;
    expect(watch.sleptTooLong()).toBe(false);
    now[which] += 30_001;
    expect(watch.sleptTooLong()).toBe(true);
    expect(watch.sleptTooLong()).toBe(false);
  });
});

describe('timers', () => {
  it('hold an action until its instant on the server’s clock', async () => {
    const serverClock = createServerClock(systemClock);
    serverClock.observe(systemClock.monotonicMs() + 5_000_000);
    const instant = serverClock.nowMs() + 30;
    await new Promise<void>((resolve) => atServerTime(instant, serverClock, systemClock, resolve));
    expect(serverClock.nowMs()).toBeGreaterThanOrEqual(instant);
  });

  it('heed what is learnt about the server’s clock while an action is held', () => {
    const clock = createVirtualClock();
    const serverClock = createServerClock(clock);
    serverClock.observe(900_000);
    const calledAt: number[] = [];
    atServerTime(960_000, serverClock, clock, () => calledAt.push(clock.monotonicMs()));
    clock.advance(59_000);
    // This frame travelled faster: the instant is 30 ms earlier than it seemed.
    serverClock.observe(959_030);
    clock.advance(1_000);
    expect(calledAt).toEqual([59_970]);
  });

  it('go on at one interval until they are cancelled, also by their own action', () => {
    const clock = createVirtualClock();
    const calledAt: number[] = [];
    const cancel = every(clock, 1_000, () => {
      calledAt.push(clock.monotonicMs());
      if (calledAt.length === 3) cancel();
    });
    clock.advance(10_000);
    expect(calledAt).toEqual([1_000, 2_000, 3_000]);
    expect(clock.waiting()).toBe(0);
  });

  it('are exact on the monotonic clock when asked to be', async () => {
    const due = systemClock.monotonicMs() + 7.5;
    await new Promise<void>((resolve) => systemClock.startExactTimer(7.5, resolve));
    expect(systemClock.monotonicMs()).toBeGreaterThanOrEqual(due);
  });

  it('can be taken back', async () => {
    const serverClock = createServerClock(systemClock);
    let called = 0;
    const call = (): void => {
      called += 1;
    };
    const cancels = [
      systemClock.startTimer(5, call),
      systemClock.startExactTimer(0, call),
      systemClock.startExactTimer(5, call),
      systemClock.defer(call),
      atServerTime(serverClock.nowMs() + 5, serverClock, systemClock, call),
      systemClock.startTimer(2 ** 31 + 5, call),
    ];
    for (const cancel of cancels) cancel();
    await new Promise<void>((resolve) => systemClock.startTimer(20, resolve));
    expect(called).toBe(0);
  });
});

describe('attempt memory', () => {
  const result = { run: 'r', attempt: 1, outcome: 'succeeded' as const, output: 'done', startedAt: 0, durationMs: 0 };

  it('remembers results and tombstones for an hour', () => {
    const { now, clock } = createTestClock();
    const memory = createAttemptMemory(clock);
    memory.remember(result);
    memory.bury(['s', 2]);
    now.monotonic += 60 * 60_000;
    memory.purge();
    expect(memory.find(['r', 1])).toEqual(result);
    expect(memory.find(['r', 2])).toBeUndefined();
    expect(memory.isBuried(['s', 2])).toBe(true);
    now.monotonic += 1;
    memory.purge();
    expect(memory.find(['r', 1])).toBeUndefined();
    expect(memory.isBuried(['s', 2])).toBe(false);
  });

  it('forgets the oldest when there are more than it has room for', () => {
    const memory = createAttemptMemory(createTestClock().clock);
    for (let attempt = 1; attempt <= 100_001; attempt += 1) memory.remember({ ...result, attempt });
    expect(memory.find(['r', 1])).toBeUndefined();
    expect(memory.find(['r', 2])).toMatchObject({ attempt: 2 });
    expect(memory.find(['r', 100_001])).toMatchObject({ attempt: 100_001 });
  });

  it('keeps the outcome but not the output of the oldest when there are too many', () => {
    const memory = createAttemptMemory(createTestClock().clock);
    memory.remember(result);
    const output = 'x'.repeat(16_000);
    for (let attempt = 2; attempt <= 2_010; attempt += 1) memory.remember({ ...result, attempt, output });
    expect(memory.find(['r', 1])).toMatchObject({
      outcome: 'succeeded',
      log: expect.stringContaining('no longer kept'),
    });
    expect(memory.find(['r', 1])?.output).toBeUndefined();
    expect(memory.find(['r', 2_010])?.output).toBe(output);
  });
});
