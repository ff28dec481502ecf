/** A worker's process: its own clocks, and the power to stand still, to die, and to be wrong about the time of day. */
import type { Cancel, Clock } from '../../../lib/worker/clock.ts';
import type { Peer } from '../cloud/gateway.ts';
import type { Timeline } from '../timeline.ts';

export type Process = {
  readonly peer: Peer;
  readonly clock: Clock;
  /** Stands still: timers and frames wait, and are found all together when it wakes. */
  readonly pause: (ms: number) => void;
  /** Since when it has not stood still; undefined while it does. */
  readonly awakeSince: () => number | undefined;
  /** Whether it has just woken from a sleep of more than `ms`. */
  readonly justSlept: (ms: number) => boolean;
  readonly kill: () => void;
  /** NTP, or a person, sets the wall clock. */
  readonly stepClock: (ms: number) => void;
};

/** What waited is taken in within this. */
const JUST_MS = 1_000;

export const createProcess = (timeline: Timeline, name: string, clockOffMs: number): Process => {
  const bootAt = timeline.now();
  let skewMs = clockOffMs;
  let alive = true;
  let paused = false;
  let slept = { ms: 0, until: 0 };
  let backlog: (() => void)[] = [];

  const run = (action: () => void): void => {
    if (alive && paused) {
      backlog.push(action);
    } else if (alive) {
      action();
    }
  };
  const startTimer = (ms: number, action: () => void): Cancel => {
    let cancelled = false;
    const cancel = timeline.quietly(ms, () =>
      run(() => {
        if (!cancelled) {
          action();
        }
      }),
    );
    return () => {
      cancelled = true;
      cancel();
    };
  };

  return {
    peer: { name, run, isAlive: () => alive },
    clock: {
      monotonicMs: () => timeline.now() - bootAt,
      wallMs: () => timeline.now() + skewMs,
      startTimer,
      startExactTimer: startTimer,
      defer: (action) => startTimer(0, action),
    },
    pause: (ms) => {
      if (paused) {
        return;
      }
      paused = true;
      timeline.after(ms, () => {
        paused = false;
        slept = { ms, until: timeline.now() };
        const waiting = backlog;
        backlog = [];
        for (const action of waiting) {
          timeline.after(0, () => run(action));
        }
      });
    },
    awakeSince: () => (paused ? undefined : Math.max(bootAt, slept.until)),
    justSlept: (ms) => slept.ms > ms && timeline.now() - slept.until < JUST_MS,
    kill: () => {
      alive = false;
    },
    stepClock: (ms) => {
      skewMs += ms;
    },
  };
};
