/**
 * Local time as one number: the seconds that a clock on the wall has shown since 1970-01-01 00:00, as if there were no time
 * zones. A zone relates it to an instant: local = instant + offset.
 */

export const DAY_S = 86_400;

export type CivilDate = { readonly year: number; readonly month: number; readonly day: number };

/** @param days since 1970-01-01 */
export const civilFromDays = (days: number): CivilDate => {
  const date = new Date(days * DAY_S * 1_000);
  return { year: date.getUTCFullYear(), month: date.getUTCMonth() + 1, day: date.getUTCDate() };
};

/** Days since 1970-01-01. A month of 0 or 13 is the one before or after that year. */
export const daysFromCivil = (year: number, month: number, day: number): number =>
  Date.UTC(year, month - 1, day) / (DAY_S * 1_000);

/** 0 is Sunday. 1970-01-01 was a Thursday. */
export const weekdayOf = (days: number): number => (((days + 4) % 7) + 7) % 7;

/** `2026-03-29T02:30:00`, without a zone. */
export const formatLocal = (localS: number): string => new Date(localS * 1_000).toISOString().slice(0, 19);
