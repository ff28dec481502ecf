const MINUTE_MS = 60_000;
/**
 * Things remembered at once. When all are taken nothing more is let through, so that an attacker with many addresses makes
 * one function instance write 100 entries a minute at most; the access log has every request.
 */
const MAX_REMEMBERED = 100;

export type OnceAMinute = {
  /** Whether this is the first time within a minute. */
  readonly isFirst: (what: string) => boolean;
  /** It was not done after all: the next time is the first. */
  readonly forget: (what: string) => void;
};

/** For what must be recorded, but not as often as somebody likes to make it happen. */
export const createOnceAMinute = (now: () => number): OnceAMinute => {
  const until = new Map<string, number>();
  const dropOver = (at: number): void => {
    for (const [what, end] of until) {
      if (end <= at) {
        until.delete(what);
      }
    }
  };
  return {
    isFirst: (what) => {
      const at = now();
      dropOver(at);
      if (until.has(what) || until.size >= MAX_REMEMBERED) {
        return false;
      }
      until.set(what, at + MINUTE_MS);
      return true;
    },
    forget: (what) => {
      until.delete(what);
    },
  };
};
