/**
 * Rule W2: a request takes at most 3 s and is tried at most 3 times, so that arm and commit stay within 30 s. Without
 * `throwOnRequestTimeout` the SDK only warns and goes on waiting.
 */
export const AWS_CALL = {
  maxAttempts: 3,
  requestHandler: { requestTimeout: 3_000, throwOnRequestTimeout: true, connectionTimeout: 1_000 },
} as const;

/** A check of health is given up after this: whoever asks (a load balancer, a monitor) waits a few seconds in all. */
export const HEALTH_CHECK_MS = 1_000;

/** What an adapter needs of a client. */
export type Sender<Command> = { readonly send: (command: Command) => Promise<unknown> };
