/** Numbers that both ends of a wire must agree on, each with its source. */

/** API Gateway refuses a WebSocket message over 128 KB (API Gateway quotas, WebSocket APIs). */
export const MAX_MESSAGE_BYTES = 128 * 1024;
/** API Gateway closes a socket (1009) on a frame over 32 KB, and bills in units of 32 KB: we stay inside one unit. */
export const MAX_FRAME_BYTES = 32 * 1024;
/** A payload above this is fetched over HTTPS, so that a `run` frame with its envelope stays below MAX_FRAME_BYTES. */
export const MAX_INLINE_PAYLOAD_BYTES = 24 * 1024;
/** A request body above this is answered 413 (DynamoDB items end at 400 KB; a payload is one item). */
export const MAX_BODY_BYTES = 256 * 1024;
/** Deeper JSON is refused: recursive readers down the line overflow their stack on it. */
export const MAX_JSON_DEPTH = 100;
/** A worker's output and error are cut (with a mark) to this before they are sent, so that one result fits a frame. */
export const MAX_OUTPUT_CHARS = 16_000;
/** Of a run of a step it may be longer: steps after it refer to what it says. A Lambda answer, by way of compare, holds 6 MB. */
export const MAX_WHOLE_OUTPUT_BYTES = 5 * 1024 * 1024;
/** Such an output is kept in pieces, each an item (DynamoDB items end at 400 KB): twenty, or one more where characters are not cut. */
export const MAX_OUTPUT_PIECE_BYTES = 256 * 1024;
export const MAX_OUTPUT_PIECES = 21;
export const MAX_ERROR_CHARS = 4_000;
export const MAX_LOG_CHARS = 4_000;
export const MAX_RUNS_PER_FRAME = 100;
/** Concurrent runs of one worker: keeps its session row, list included, within a few write units. */
export const MAX_SLOTS = 100;
/** Queued, held and executing attempts that a heartbeat can list: slots plus those that arrived after a void (C6). */
export const MAX_ATTEMPT_REFS = 2 * MAX_SLOTS;
export const MAX_HANDLERS = 64;
export const MAX_LABELS = 32;
export const MAX_CATEGORIES = 64;
/** A piece of a live log: with its JSON escapes it fits a frame. */
export const MAX_LOG_PIECE_CHARS = 8_000;
/** What one append to a log may add, and what a run's log may hold in all: beyond it is cut, with a mark. */
export const MAX_LOG_APPEND_BYTES = 1024 * 1024;
export const MAX_LOG_BYTES = 100 * 1024 * 1024;
/** Workers that a broadcast starts a run on. */
export const MAX_BROADCAST = 100;

/** Tries of a run when the caller names none, and the most that it may ask for. */
export const DEFAULT_MAX_TRIES = 3;
export const MAX_TRIES = 100;
export const DEFAULT_TIMEOUT_MS = 300_000;
/** Ten years: an instant beyond is a mistake in the unit or the century. */
export const MAX_AHEAD_MS = 10 * 366 * 86_400_000;

/** Limits that a process can be held to: a terabyte of address space (`ulimit` counts in KB, some shells in 32 bits) … */
export const MAX_MEMORY_MB = 1_048_576;
/** … and 30 days of CPU time, as long as a run may last. */
export const MAX_CPU_SECONDS = 30 * 86_400;
