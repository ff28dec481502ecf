/** When a job is due: an expression, the clock that it is read on, and what becomes of an hour that is missing or doubled. */

/**
 * How day-of-month and day-of-week go together when both are restricted: Unix cron fires on either, API A's system and
 * cron-parser's strictest readers on both, Quartz and AWS refuse it (one of the two has to be `?`).
 */
export const DAY_RULES = ['or', 'and', 'one'] as const;
export type DayRule = (typeof DAY_RULES)[number];

/** A local time that a clock change leaves out: not at all, or at the instant that the clock jumps to. */
export const GAP_POLICIES = ['skip', 'shift'] as const;
export type GapPolicy = (typeof GAP_POLICIES)[number];
/** A local time that a clock change repeats: the first time only, or both. */
export const OVERLAP_POLICIES = ['once', 'twice'] as const;
export type OverlapPolicy = (typeof OVERLAP_POLICIES)[number];

export type Schedule = {
  /** 5 (minute first), 6 (second first) or 7 (second first, year last) fields, or a macro. As it was given. */
  readonly expression: string;
  /** IANA name. */
  readonly timeZone: string;
  readonly days: DayRule;
  readonly gap: GapPolicy;
  readonly overlap: OverlapPolicy;
  /** Epoch ms; no occurrence before it. `@every` counts from it, `@once` is due at it. */
  readonly startAt: number;
  /** Epoch ms; no occurrence at or after it. */
  readonly endAt?: number;
  /** Each occurrence starts up to this much later, by a share of its own that never changes. */
  readonly jitterMs: number;
};
