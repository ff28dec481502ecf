import type { ServerClock } from './clock.ts';

/** setTimeout fires at once for a delay beyond 2^31 − 1 ms (24.8 days), so longer ones are waited for in pieces. */
const LONGEST_TIMEOUT_MS = 2 ** 31 - 1;
/** A timer may come up to a millisecond or two late; the rest is waited for by yielding to the event loop. */
const FINE_MS = 2;
/** The server's clock may turn out different while a run is held, so a long hold looks at it again. */
const LOOK_AGAIN_MS = 10_000;

export type Cancel = () => void;

/** Calls `action` after `ms`, however long. */
export function startTimer(ms: number, action: () => void): Cancel {
  let timer: NodeJS.Timeout;
  const arm = (left: number): void => {
    timer = setTimeout(
      () => (left > LONGEST_TIMEOUT_MS ? arm(left - LONGEST_TIMEOUT_MS) : action()),
      Math.min(left, LONGEST_TIMEOUT_MS),
    );
  };
  arm(ms);
  return () => clearTimeout(timer);
}

/** Calls `action` at the server's instant, never before it and within about a millisecond after it on an idle process. */
export function atServerTime(instant: number, serverClock: ServerClock, action: () => void): Cancel {
  let timer: NodeJS.Timeout | undefined;
  let immediate: NodeJS.Immediate | undefined;
  const look = (): void => {
    const left = instant - serverClock.nowMs();
    if (left <= 0) action();
    else if (left <= FINE_MS) immediate = setImmediate(look);
    else timer = setTimeout(look, Math.min(left - FINE_MS, LOOK_AGAIN_MS));
  };
  look();
  return () => {
    clearTimeout(timer);
    clearImmediate(immediate);
  };
}
