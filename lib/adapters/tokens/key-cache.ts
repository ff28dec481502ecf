import { findJwkInJwks, type Jwk, type Jwks } from 'aws-jwt-verify/jwk';

/** An unknown `kid` is a new key or a forgery: whichever it is, it makes us ask at most this often. */
const ASK_AGAIN_MS = 10_000;
/** After a failed ask, when nothing can be told: soon, but not on every request of a flood. */
const RETRY_MS = 1_000;
/** A key that its issuer has withdrawn is taken for no longer than this. */
const MAX_AGE_MS = 10 * 60_000;
/**
 * For so much longer it is taken while its issuer cannot be asked: most outages are over by then, and whoever stole a
 * withdrawn key gains no more by keeping the issuer from answering.
 */
const OUTAGE_MS = 60 * 60_000;

/**
 * The public keys of one issuer, as far as they were needed.
 *
 * @returns the key named `kid`, or undefined when the issuer has none of that name. Throws when it could not be asked; keys
 *   that are known are used on meanwhile, for an hour and ten minutes after they were read.
 */
export const createKeyCache = (
  read: () => Promise<Jwks>,
  /** Epoch milliseconds. */
  now: () => number,
): ((kid: string) => Promise<Jwk | undefined>) => {
  let known: Jwks = { keys: [] };
  let readAt = Number.NEGATIVE_INFINITY;
  let mayAskAt = Number.NEGATIVE_INFINITY;
  let fault: { readonly error: unknown } | undefined;
  let asking: Promise<void> | undefined;

  const ask = async (): Promise<void> => {
    try {
      known = await read();
      readAt = now();
      mayAskAt = readAt + ASK_AGAIN_MS;
      fault = undefined;
    } catch (error) {
      mayAskAt = now() + RETRY_MS;
      fault = { error };
    } finally {
      asking = undefined;
    }
  };

  return async (kid) => {
    const found = findJwkInJwks(known, kid);
    if (found !== undefined && now() - readAt < MAX_AGE_MS) {
      return found;
    }
    if (asking !== undefined || now() >= mayAskAt) {
      asking ??= ask();
      await asking;
    }
    const foundNow = findJwkInJwks(known, kid);
    if (fault !== undefined && (foundNow === undefined || now() - readAt >= MAX_AGE_MS + OUTAGE_MS)) {
      throw fault.error;
    }
    return foundNow;
  };
};
