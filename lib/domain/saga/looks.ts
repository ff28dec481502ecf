/** When the alarm of a saga looks next, where the last look changed nothing. */
import { isInFlight, isRunOpen, isTerminal, type Run } from '../run.ts';
import { LONGEST_LOOK_MS } from '../timing.ts';
import { FIRST_LOOK_MS } from './new-saga.ts';
import type { Saga } from './saga.ts';

/** A look has what the saga may need kept until well after the next: so none may be further off. */
export const LONGEST_REST_MS = 60 * 24 * 60 * 60_000;

type Seen = Pick<Run, 'status' | 'evidence' | 'dueAt'>;

/** It may end at any moment, and whoever should tell the saga so may crash at it. */
const isClose = (run: Seen, now: number): boolean =>
  run.status === 'ready' ||
  isInFlight(run.status) ||
  (isTerminal(run.status) && isRunOpen(run)) ||
  run.dueAt <= now + LONGEST_LOOK_MS;

/**
 * After as long again as nothing has happened: so a saga that waits for a month is looked at some twenty times.
 *
 * @param runs of everything that is not settled
 */
export const nextLook = (
  { status, updatedAt, steps }: Pick<Saga, 'status' | 'updatedAt' | 'steps'>,
  runs: Iterable<Seen>,
  now: number,
): number => {
  if (status === 'failed') {
    return now + LONGEST_REST_MS;
  }
  const seen = [...runs];
  // What begins only then may end soon after, and whoever should tell the saga so may crash at it.
  const begins = Math.min(...seen.map(({ dueAt }) => dueAt - now + LONGEST_LOOK_MS), LONGEST_REST_MS);
  const longest = seen.some((run) => isClose(run, now)) ? LONGEST_LOOK_MS : begins;
  const rest = Math.min(longest, Math.max(FIRST_LOOK_MS, now - updatedAt));
  // A transaction that a step is, and that a person wants at that instant, is started by the look that comes then.
  const asked = Object.values(steps).flatMap(({ startAt = 0 }) => (startAt > now ? [startAt] : []));
  return Math.min(now + rest, ...asked);
};
