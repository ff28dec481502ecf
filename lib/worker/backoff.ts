/** First wait after a lost connection, and the longest. API Gateway takes 500 new connections a second per account. */
export const RECONNECT_BASE_MS = 500;
export const RECONNECT_CAP_MS = 30_000;

/**
 * Exponential backoff with full jitter: a fleet that lost its connections together does not come back together.
 * `failures`: connections in a row that did not last. `random`: 0 ≤ random < 1.
 */
export function reconnectDelayMs(failures: number, random: number): number {
  return random * Math.min(RECONNECT_CAP_MS, RECONNECT_BASE_MS * 2 ** failures);
}
