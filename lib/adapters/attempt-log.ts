/** A sliding log: the instants (epoch ms) of the tries under one key, oldest first. */
export type Attempts = readonly number[];

type Limit = { readonly max: number; readonly windowMs: number; readonly now: number };

/** The log with one try more, if fewer than `max` are younger than the window; the older ones are dropped. */
export const withAttempt = (
  attempts: Attempts,
  { max, windowMs, now }: Limit,
):
  | { readonly kind: 'counted'; readonly attempts: Attempts }
  | { readonly kind: 'limited'; readonly retryAt: number } => {
  const within = attempts.filter((at) => at > now - windowMs);
  // There is room again when only the newest `max - 1` are left.
  const oldest = within.at(-max);
  return oldest === undefined
    ? { kind: 'counted', attempts: [...within, now].sort((a, b) => a - b) }
    : { kind: 'limited', retryAt: oldest + windowMs };
};

/** The log without one of the tries that were counted at `now`; undefined when there is none. */
export const withoutAttempt = (attempts: Attempts, now: number): Attempts | undefined => {
  const index = attempts.indexOf(now);
  return index === -1 ? undefined : attempts.toSpliced(index, 1);
};
