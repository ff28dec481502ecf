import type { Run } from '../domain/run.ts';

/** A run with everything that lies beside its row put back: payload always, output, error and log in full. */
export type RunView = Run & { readonly payload: string };

export type Idempotency = {
  /** Whose key it is: two callers may use the same one. */
  readonly caller: string;
  readonly key: string;
  /** Hash of what was asked: the same key with another one is refused. */
  readonly fingerprint: string;
};
