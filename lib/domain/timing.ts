/** The durations that the protocol's rules name, in milliseconds. Both the control plane and the worker keep to them. */

/** One heartbeat per worker carries its liveness and its in-flight list. */
export const HEARTBEAT_MS = 15_000;
/** A session silent for three heartbeats is lost (rule S4). */
export const SESSION_LOSS_MS = 45_000;
/** A worker tells that a run has started only when it has lived this long: short runs cost two frames. */
export const STARTED_AFTER_MS = 2_000;
/** Between SIGTERM and SIGKILL of a cancelled or timed-out run. */
export const KILL_GRACE_MS = 10_000;
/** A gap in the pushes' order older than this is voided by the worker itself (rule C6). */
export const GAP_VOID_MS = 30_000;
/** A worker that slept longer than this on its monotonic clock starts nothing until its resume is answered (rule K4). */
export const SLEEP_SUSPECT_MS = 30_000;
/**
 * Finished attempts are remembered this long, to answer a redelivery with the stored result (rules K2, K3). When a result is
 * lost, and a function dies where the next heartbeat would have asked for it, the run's alarm asks: after 15 minutes, and up
 * to ten visibility timeouts (28 minutes) later if its functions die too. A forgotten attempt would be executed again.
 */
export const RESULT_MEMORY_MS = 60 * 60_000;
/**
 * Work due within this is dispatched now and held by the worker, which is exact. Its alarm is not: SQS delays are whole
 * seconds (up to 1 s late), and its consumer gathers a batch for up to 1 s. The third second is theirs to be slow.
 */
export const DISPATCH_LEAD_MS = 3_000;
/** First look at a dispatched run. Within it the worker's next heartbeat (15 s) has listed the run or has not. */
export const DISPATCH_WATCH_MS = 20_000;
/** Longest silence between two looks at an open row; also the longest delay that SQS can carry. */
export const LONGEST_LOOK_MS = 15 * 60_000;
/** Time that a worker has to kill and report a run that ran out of time, before the control plane does it (rule R3). */
export const TIMEOUT_GRACE_MS = KILL_GRACE_MS + 5_000;
/** An unreadable frame counts against its socket for this long. */
export const STRIKE_WINDOW_MS = 60_000;
/** What a run wrote is taken for this long after its end: it may be handled after the result, or wait for a new socket. */
export const LATE_LOG_MS = 60_000;
