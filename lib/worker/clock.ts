/** The two clocks of this machine. Durations come from the monotonic one: the wall clock is stepped by NTP and by people. */
export type TimeSource = {
  readonly monotonicMs: () => number;
  readonly wallMs: () => number;
};

/** Before its action was called, it never will be; afterwards it does nothing. */
export type Cancel = () => void;

/** Time, as the worker reads it and waits for it. A simulation puts its own in the place of this machine's. */
export type Clock = TimeSource & {
  /** Calls `action` once after `ms`, however long that is; never before this call has returned. */
  readonly startTimer: (ms: number, action: () => void) => Cancel;
  /** As `startTimer`; never early on the monotonic clock, and within about a millisecond on an idle process. */
  readonly startExactTimer: (ms: number, action: () => void) => Cancel;
  /** Calls `action` as soon as what runs now has ended. */
  readonly defer: (action: () => void) => Cancel;
};

/** setTimeout fires at once for a delay beyond 2^31 − 1 ms (24.8 days), so longer ones are waited for in pieces. */
const LONGEST_TIMEOUT_MS = 2 ** 31 - 1;
/** A timer may come up to a millisecond or two late; the rest is waited for by yielding to the event loop. */
const FINE_MS = 2;

export const systemClock: Clock = {
  monotonicMs: () => performance.now(),
  wallMs: () => Date.now(),
  startTimer(ms, action) {
    let timer: NodeJS.Timeout;
    const arm = (left: number): void => {
      timer = setTimeout(
        () => (left > LONGEST_TIMEOUT_MS ? arm(left - LONGEST_TIMEOUT_MS) : action()),
        Math.min(left, LONGEST_TIMEOUT_MS),
      );
    };
    arm(ms);
    return () => clearTimeout(timer);
  },
  startExactTimer(ms, action) {
    const due = performance.now() + ms;
    let cancel: Cancel;
    const arm = (left: number): void => {
      cancel = left <= FINE_MS ? systemClock.defer(look) : systemClock.startTimer(left - FINE_MS, look);
    };
    const look = (): void => {
      const left = due - performance.now();
      if (left <= 0) action();
      else arm(left);
    };
    arm(ms);
    return () => cancel();
  },
  defer(action) {
    const immediate = setImmediate(action);
    return () => clearImmediate(immediate);
  },
};

/** The server's clock, as well as this worker knows it. */
export type ServerClock = {
  readonly nowMs: () => number;
  /** A frame that was made at the server's instant `at` has just arrived. */
  readonly observe: (at: number) => void;
  /** Time that a ping took to the gateway and back: network only, no work of the server in it. */
  readonly observeRoundTrip: (ms: number) => void;
  /** After a sleep the monotonic clock may have stood still: what was learnt no longer holds. */
  readonly forget: () => void;
};

/** A sample is replaced by a worse one only after this long: bounds the drift between the two machines' clocks. */
const SAMPLE_LIFE_MS = 5 * 60_000;

/** What a ping spends in the two processes instead of on the way. Counted in, runs would begin before their instant. */
const PROCESSING_MS = 1;

/**
 * A frame cannot arrive before it was made, so each `at` gives a lower bound of the offset, and the highest of them is
 * the frame that travelled fastest. Half of the ping's round trip then stands for its way here. The midpoint between
 * `hello` and `welcome` is not used: that round trip contains the server's own work (a cold start takes hundreds of
 * milliseconds), half of which would make runs begin before they are due. Until the first frame it is the wall clock.
 */
export function createServerClock(clock: TimeSource): ServerClock {
  let sample: { readonly offset: number; readonly takenAt: number } | undefined;
  let roundTripMs: number | undefined;
  return {
    nowMs() {
      if (sample === undefined) return clock.wallMs();
      return clock.monotonicMs() + sample.offset + Math.max(0, (roundTripMs ?? 0) / 2 - PROCESSING_MS);
    },
    observe(at) {
      const now = clock.monotonicMs();
      const offset = at - now;
      if (sample === undefined || offset >= sample.offset || now - sample.takenAt > SAMPLE_LIFE_MS) {
        sample = { offset, takenAt: now };
      }
    },
    observeRoundTrip(ms) {
      roundTripMs = Math.min(ms, roundTripMs ?? ms);
    },
    forget() {
      sample = undefined;
      roundTripMs = undefined;
    },
  };
}
