import { createHash } from 'node:crypto';
import type { IdempotencyStore } from '../ports/index.ts';
import type { Caller, Idempotent } from './api.ts';

/** An `Idempotency-Key` is kept this long. */
const KEY_MS = 24 * 60 * 60_000;

const sha256 = (value: unknown): string => createHash('sha256').update(JSON.stringify(value)).digest('base64url');

export type Reserve = (
  asked: {
    readonly idempotency: Idempotent | undefined;
    readonly caller: Caller;
    /** What is asked for, without its secrets: a hash of a password is a password to whoever can try them all. */
    readonly request: readonly unknown[];
  },
  /** Of what is to be made, if it was not made before. */
  id: string,
) => Promise<
  | { readonly kind: 'free'; readonly id: string }
  /** The same was asked for before; what it made, or was to make, has this id. */
  | { readonly kind: 'held'; readonly id: string }
  | { readonly kind: 'key_reused' }
>;

/** Binds a caller's `Idempotency-Key` to the id of what it makes, so that repeating the request makes nothing twice. */
export const createReserve =
  ({ idempotency: store, now }: { readonly idempotency: IdempotencyStore; readonly now: () => number }): Reserve =>
  async ({ idempotency, caller, request }, id) => {
    if (idempotency === undefined) {
      return { kind: 'free', id };
    }
    const key = sha256([caller.principal.id, idempotency.key]);
    const fingerprint = sha256(request);
    const at = now();
    const reserved = await store.reserve(key, { run: id, fingerprint }, { now: at, expiresAt: at + KEY_MS });
    if (reserved.kind === 'reserved') {
      return { kind: 'free', id };
    }
    const { by } = reserved;
    return by.fingerprint === fingerprint ? { kind: 'held', id: by.run } : { kind: 'key_reused' };
  };
