import { describe, expect, it } from 'vitest';
import { FENCE_AFTER_MS } from '../../lib/domain/alarm.ts';
import {
  DISPATCH_LEAD_MS,
  DISPATCH_WATCH_MS,
  HEARTBEAT_MS,
  KILL_GRACE_MS,
  LONGEST_LOOK_MS,
  RESULT_MEMORY_MS,
  SESSION_LOSS_MS,
  SLEEP_SUSPECT_MS,
  TIMEOUT_GRACE_MS,
} from '../../lib/domain/timing.ts';

describe('the durations of the rules', () => {
  it.each([
    ['a session is not lost before three heartbeats are (S4)', 3 * HEARTBEAT_MS, SESSION_LOSS_MS],
    [
      'a heartbeat 5 s or more after a dispatch has come by its first look (R3)',
      5_000 + HEARTBEAT_MS,
      DISPATCH_WATCH_MS,
    ],
    ['a worker kills what ran out of time, and has 5 s to report it (R3)', KILL_GRACE_MS + 5_000, TIMEOUT_GRACE_MS],
    ['a worker that stood still holds back before its session is lost (K4)', SLEEP_SUSPECT_MS, SESSION_LOSS_MS],
    [
      'a result is remembered until the alarm of its run has asked for it, ten failures on the way (K2)',
      LONGEST_LOOK_MS + 10 * 168_000,
      RESULT_MEMORY_MS,
    ],
    ['what SQS adds to an alarm, two seconds, is over before the run is due (D1)', 2_000, DISPATCH_LEAD_MS],
    ['SQS can carry the longest look: 900 s (A3)', LONGEST_LOOK_MS, 900_000],
    ['no writer commits later than 30 s after arming, when its alarm still waits (A5, W2)', 30_000, FENCE_AFTER_MS],
  ])('%s', (_promise, shorterMs, longerMs) => {
    expect(shorterMs).toBeGreaterThan(0);
    expect(shorterMs).toBeLessThanOrEqual(longerMs);
  });
});
