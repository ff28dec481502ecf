import type { Cancel, Clock, ServerClock } from './clock.ts';

/** The server's clock may turn out different while a run is held, so a long hold looks at it again. */
const LOOK_AGAIN_MS = 10_000;
/** It is looked at for the last time when so much is left: whatever was learnt until then still counts. */
const LAST_LOOK_MS = 50;

/** Calls `action` at the server's instant, never before it and within about a millisecond after it on an idle process. */
export function atServerTime(instant: number, serverClock: ServerClock, clock: Clock, action: () => void): Cancel {
  let cancel: Cancel = () => {};
  const look = (): void => {
    const left = instant - serverClock.nowMs();
    if (left <= 0) action();
    else if (left <= LAST_LOOK_MS) cancel = clock.startExactTimer(left, look);
    else cancel = clock.startTimer(Math.min(left - LAST_LOOK_MS, LOOK_AGAIN_MS), look);
  };
  look();
  return () => cancel();
}

/** Calls `action` every `ms`, the first time after `ms`; `action` itself may end that. */
export function every(clock: Clock, ms: number, action: () => void): Cancel {
  let cancel: Cancel;
  const arm = (): void => {
    cancel = clock.startTimer(ms, () => {
      arm();
      action();
    });
  };
  arm();
  return () => cancel();
}
