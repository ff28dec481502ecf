import type { TimeSource } from './clock.ts';

/**
 * Notices that this process stood still (SIGSTOP, a laptop's lid, a frozen container). Linux's monotonic clock stands
 * still while the machine sleeps, the wall clock does not, so the longer of the two gaps counts; a stepped wall clock is
 * then taken for a sleep, which costs one question to the control plane.
 */
export function createSleepWatch(clock: TimeSource, suspectMs: number) {
  let monotonicAt = clock.monotonicMs();
  let wallAt = clock.wallMs();
  return {
    /** Whether more than `suspectMs` have passed since the last call. To be called often, and before anything starts. */
    sleptTooLong(): boolean {
      const monotonic = clock.monotonicMs();
      const wall = clock.wallMs();
      const gapMs = Math.max(monotonic - monotonicAt, wall - wallAt);
      monotonicAt = monotonic;
      wallAt = wall;
      return gapMs > suspectMs;
    },
  };
}
