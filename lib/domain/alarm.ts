/**
 * Alarms: messages that arrive at a chosen time and say "look at this entity again".
 *
 * An alarm is a hint. What is to be done is read from the row it names, never from the alarm's own time (rule A2), so
 * an early, late, doubled or stale alarm is harmless; a missing one is impossible, because it is armed before the commit
 * that makes it needed (rule A1).
 *
 * | row                    | verdict                                                          |
 * | ---------------------- | ---------------------------------------------------------------- |
 * | not open               | done                                                             |
 * | newer generation       | done: a younger alarm watches it                                 |
 * | another's generation   | done: a bump made it the generation of one alarm alone           |
 * | older, or no row       | wait for the commit; after 90 s fence, so that it can't come late |
 * | same generation, early | re-arm for the row's own time                                    |
 * | same generation, due   | act                                                              |
 */
import { LONGEST_LOOK_MS } from './timing.ts';

export type EntityKey =
  | { readonly kind: 'run'; readonly id: string }
  | { readonly kind: 'session'; readonly pool: string; readonly shard: number; readonly id: string }
  /** Occurrence `n` of a job, or its start by hand at that instant. The alarm's `g` is the job's `rev`. */
  | { readonly kind: 'job'; readonly id: string; readonly n: number }
  | { readonly kind: 'backfill'; readonly job: string; readonly id: string }
  | { readonly kind: 'saga'; readonly id: string };

export type Alarm = {
  readonly key: EntityKey;
  /** Generation: the alarm serves a row whose `g` equals it. */
  readonly g: number;
  readonly dueAt: number;
  /** How often this alarm was sent on. Siblings that a crash left behind are cut off by it (rule A6). */
  readonly hop: number;
  readonly armedAt: number;
  /** Tells the arming apart from others of the same generation; a void row names the one that gave up (rule A5). */
  readonly nonce: string;
};

/** A bump's mark on its row: the only alarm of generation `g` is the one with this nonce (rule A6). */
export type Bumped = { readonly g: number; readonly nonce: string };

/** What an alarm needs to know of its row. */
export type Watched = {
  readonly open: boolean;
  readonly g: number;
  readonly wakeAt: number;
  readonly bumped?: Bumped | undefined;
};

export type Verdict = 'done' | 'wait' | 'fence' | 'rearm' | 'act';

/** Longer than any writer may take between arming and commit (30 s, rule W2), with a margin for a frozen function. */
export const FENCE_AFTER_MS = 90_000;
/** How soon to look again for a commit that has not come yet (rule A2). */
export const WAIT_MS = 5_000;
const HOPS_PER_GENERATION = 8;

/** Rule A2: what an alarm that has arrived does. */
export const judge = (alarm: Alarm, row: Watched | undefined, now: number): Verdict => {
  if (row !== undefined) {
    if (!row.open || row.g > alarm.g) {
      return 'done';
    }
    if (row.bumped?.g === alarm.g && row.g === alarm.g && row.bumped.nonce !== alarm.nonce) {
      return 'done';
    }
    if (row.g === alarm.g) {
      return now < row.wakeAt ? 'rearm' : 'act';
    }
  }
  return now < alarm.armedAt + FENCE_AFTER_MS ? 'wait' : 'fence';
};

/**
 * Rule A6: before this sending-on the generation must be bumped, which makes every sibling alarm older than the row. Siblings
 * that arrive together (a message that was delivered twice) all arm for the new generation before one of them wins the bump;
 * so the bump also names the alarm that the generation belongs to.
 */
export const mustBump = (alarm: Alarm): boolean => (alarm.hop + 1) % HOPS_PER_GENERATION === 0;

export type AlarmPlan =
  | { readonly via: 'queue'; readonly delaySeconds: number }
  | { readonly via: 'schedule'; readonly fireAt: number };

const LEAD_LEAST_MS = 2 * 60_000;
const LEAD_MOST_MS = 14 * 60_000;

/**
 * Rule A3, the three-tier timer: up to 15 minutes SQS carries the alarm (exact to a second). Beyond, a one-time schedule
 * fires early, 2–14 minutes before the time, and its alarm is sent on through SQS: so the minute that EventBridge may be
 * late, and its quota of 1,000 fires a second at 09:00:00, cost no punctuality.
 *
 * @param spread uniform in [0, 1), fixed for an alarm: where in the 12 minutes its early fire lies
 */
export const planAlarm = (dueAt: number, now: number, spread: number): AlarmPlan => {
  const aheadMs = dueAt - now;
  if (aheadMs <= LONGEST_LOOK_MS) {
    return { via: 'queue', delaySeconds: Math.max(0, Math.ceil(aheadMs / 1_000)) };
  }
  // More than 15 minutes ahead less at most 14: always over a minute from now. EventBridge Scheduler refuses the past.
  return { via: 'schedule', fireAt: dueAt - LEAD_LEAST_MS - Math.floor(spread * (LEAD_MOST_MS - LEAD_LEAST_MS)) };
};

/** Rule A7: when a `ready` run is looked at, counted from the moment it became ready. Each step is longer: 1 s … 15 min. */
const READY_LOOKS_MS = [1_000, 16_000, 136_000];

/** The next look at a `ready` run; derived from `readyAt`, so that a look that finds no credit writes nothing. */
export const nextReadyLook = (readyAt: number, now: number): number => {
  const next = READY_LOOKS_MS.map((afterMs) => readyAt + afterMs).find((at) => at > now);
  return next ?? now + LONGEST_LOOK_MS;
};
