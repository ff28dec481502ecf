/** Time that passes only when the test says so. */
import type { Cancel, Clock } from '../../lib/worker/clock.ts';

export type VirtualClock = Clock & {
  /** Lets `ms` pass: calls what falls due, in the order of its instants, then of its starts. */
  readonly advance: (ms: number) => void;
  /** Instant of the next action, on the monotonic clock. */
  readonly nextAt: () => number | undefined;
  /** Actions that were neither called nor cancelled. */
  readonly waiting: () => number;
};

export function createVirtualClock(): VirtualClock {
  let now = 0;
  const timers: { readonly at: number; readonly action: () => void }[] = [];
  const start = (ms: number, action: () => void): Cancel => {
    const timer = { at: now + Math.max(0, ms), action };
    const later = timers.findIndex(({ at }) => at > timer.at);
    timers.splice(later === -1 ? timers.length : later, 0, timer);
    return () => {
      const index = timers.indexOf(timer);
      if (index !== -1) timers.splice(index, 1);
    };
  };
  return {
    monotonicMs: () => now,
    wallMs: () => 1_700_000_000_000 + now,
    startTimer: start,
    startExactTimer: start,
    defer: (action) => start(0, action),
    nextAt: () => timers[0]?.at,
    waiting: () => timers.length,
    advance(ms) {
      const end = now + ms;
      for (let next = timers[0]; next !== undefined && next.at <= end; next = timers[0]) {
        timers.shift();
        now = next.at;
        next.action();
      }
      now = end;
    },
  };
}
