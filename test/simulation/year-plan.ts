/** What is asked for in a year of time travel, when, and what must come of it: drawn from the seed. */
import type { RunStatus } from '../../lib/domain/run.ts';
import { seeded } from '../support/seeded.ts';
import type { Order } from './client.ts';

const SECOND_MS = 1_000;
const MINUTE_MS = 60 * SECOND_MS;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;
export const YEAR_MS = 365 * DAY_MS;
/** Eleven months, which leave one to ask in. */
const LONGEST_NOTICE_MS = 334 * DAY_MS;

const TASKS = 1_000;
/** So many are due on one second: sixty at nine one morning, and a dozen at some midnights. */
const HERDS: readonly { readonly count: number; readonly dueAt: number }[] = [
  { count: 60, dueAt: 200 * DAY_MS + 9 * HOUR_MS },
  ...[31, 59, 90, 120, 151].map((day) => ({ count: 12, dueAt: day * DAY_MS })),
];

/** Instants are counted from the beginning of the year. */
export type Task = {
  readonly order: Order;
  readonly askedAt: number;
  readonly dueAt: number;
  /** Straight into the use case: API D cannot say all of it. */
  readonly direct: boolean;
  /** How it ends without faults, and after how many tries that ended badly. */
  readonly ends: RunStatus;
  readonly tries: number;
};

type Fate = Pick<Task, 'direct' | 'ends' | 'tries'> & { readonly order: Omit<Order, 'label' | 'keyed'> };

const fateOf = (chance: () => number): Fate => {
  // Most are short.
  const workMs = Math.floor(50 + 20 * SECOND_MS * chance() ** 4);
  const kind = chance();
  if (kind < 0.7) {
    return { order: { workMs }, direct: false, ends: 'succeeded', tries: 0 };
  }
  if (kind < 0.88) {
    const fails = 1 + Math.floor(chance() * 4);
    return { order: { workMs, fails, maxTries: 5 }, direct: false, ends: 'succeeded', tries: fails };
  }
  if (kind < 0.94) {
    const maxTries = 1 + Math.floor(chance() * 4);
    return { order: { workMs, fails: maxTries, maxTries }, direct: false, ends: 'failed', tries: maxTries };
  }
  if (kind < 0.97) {
    const priority = 1 + Math.floor(chance() * 10);
    return { order: { workMs, priority }, direct: true, ends: 'succeeded', tries: 0 };
  }
  if (kind < 0.99) {
    const maxTries = 1 + Math.floor(chance() * 2);
    const order = { workMs: MINUTE_MS, timeoutMs: 2 * SECOND_MS, maxTries };
    return { order, direct: true, ends: 'timed_out', tries: maxTries };
  }
  // Its last retries are so far ahead that EventBridge carries them as well.
  return { order: { workMs, fails: 13, maxTries: 15 }, direct: true, ends: 'succeeded', tries: 13 };
};

/** From the request to the instant: seconds, minutes, hours, months. Never near 15 minutes, where the timer's tiers meet. */
const noticeOf = (chance: () => number): number => {
  const kind = chance();
  if (kind < 0.06) {
    return Math.floor(50 + 20 * SECOND_MS * chance());
  }
  if (kind < 0.16) {
    return Math.floor(MINUTE_MS + 13 * MINUTE_MS * chance());
  }
  return kind < 0.4
    ? Math.floor(HOUR_MS + 23 * HOUR_MS * chance())
    : Math.floor(DAY_MS + (LONGEST_NOTICE_MS - DAY_MS) * chance());
};

/** In the order in which they are asked for. */
export const planYear = (seed: number): readonly Task[] => {
  // Another stream than the world's own, which begins with the same number.
  const chance = seeded(seed ^ 0x2545f491);
  const herds = HERDS.flatMap(({ count, dueAt }) => Array.from({ length: count }, () => dueAt));
  return Array.from({ length: TASKS }, (_, index): Task => {
    const herd = herds[index];
    const notice = noticeOf(chance);
    const { order, ...fate } = fateOf(chance);
    const askedAt = Math.floor(chance() * (herd === undefined ? YEAR_MS - notice : herd - HOUR_MS));
    const keyed = chance() < 0.8;
    return { ...fate, order: { ...order, label: `t${index}`, keyed }, askedAt, dueAt: herd ?? askedAt + notice };
  }).sort((a, b) => a.askedAt - b.askedAt);
};
