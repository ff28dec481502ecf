import { createPublicKey, type JsonWebKey, type KeyObject } from 'node:crypto';
import { SimpleFetcher } from 'aws-jwt-verify/https';
import { assertIsJwks, type Jwk, type SignatureJwk } from 'aws-jwt-verify/jwk';
import { decomposeUnverifiedJwt } from 'aws-jwt-verify/jwt';
import type { JwtPayload } from 'aws-jwt-verify/jwt-model';
import { verifyJwtSync } from 'aws-jwt-verify/jwt-verifier';
import { safeJsonParse } from 'aws-jwt-verify/safe-json-parse';
import type { PublicJwk, TokenClaims, TokenVerifier, VerifiedToken } from '../../application/ports/identity.ts';
import type { Issuer } from '../../contracts/issuer.ts';
import { readExternalClaims, readOwnClaims } from './claims.ts';
import { createKeyCache } from './key-cache.ts';

/** Characters. API Gateway takes 10,240 bytes of headers in all; our tokens have some 400, Cognito's some 1,200. */
const MAX_LENGTH = 8_192;
/** Compact JWS (RFC 7515 §3.1), unpadded as §2 says; without a signature it is none. */
const COMPACT = /^[\w-]+\.[\w-]+\.([\w-]+)$/;
/**
 * Instances keep their clocks by NTP, to within milliseconds in AWS and well within a second elsewhere, and `exp` has whole
 * seconds. 5 s is far more than that, and too little to make an expired token worth stealing.
 */
const CLOCK_SKEW_MS = 5_000;
/** Of one request, which is tried twice: 3 s in all, as long as a call to AWS may take (rule W2). */
const FETCH_TIMEOUT_MS = 1_500;

type Trusted = {
  readonly keyNamed: (kid: string) => Promise<Jwk | undefined>;
  readonly claimsOf: (payload: JwtPayload, use: TokenClaims['use']) => VerifiedToken;
};

const invalid = (reason: Extract<VerifiedToken, { kind: 'invalid' }>['reason']): VerifiedToken => ({
  kind: 'invalid',
  reason,
});

const decompose = (token: string): ReturnType<typeof decomposeUnverifiedJwt> | undefined => {
  const signature = token.length > MAX_LENGTH ? undefined : COMPACT.exec(token)?.[1];
  // The last character of base64url may carry spare bits: with them, one signature would have several spellings.
  if (signature === undefined || Buffer.from(signature, 'base64url').toString('base64url') !== signature) {
    return undefined;
  }
  try {
    return decomposeUnverifiedJwt(token);
  } catch {
    return undefined;
  }
};

/** Making a key object of a JWK takes half as long as the verification, so each is made once. */
const createKeyObjects = (): ((jwk: SignatureJwk) => KeyObject) => {
  const made = new WeakMap<SignatureJwk, KeyObject>();
  return (jwk) => {
    const key = made.get(jwk) ?? createPublicKey({ key: jwk as JsonWebKey, format: 'jwk' });
    made.set(jwk, key);
    return key;
  };
};

const fetcher = new SimpleFetcher({
  defaultRequestOptions: { timeout: FETCH_TIMEOUT_MS, responseTimeout: FETCH_TIMEOUT_MS },
});

/**
 * Verifies tokens without asking anyone, once the issuer's public keys are known. Whatever the token holds, the answer is a
 * value; only an issuer whose keys cannot be had throws.
 *
 * The key is found by issuer and `kid` alone, among those that the issuer publishes: what a header says about keys (`jwk`,
 * `jku`, `x5u`) is never looked at. aws-jwt-verify takes no `alg` but that of the key, and knows neither `none` nor HS256.
 */
export const createTokenVerifier = ({
  publicKeys,
  issuer,
  issuers,
  fetchJson = (uri) => fetcher.fetch(uri),
  now = Date.now,
}: {
  /** Ours, as published. */
  readonly publicKeys: () => Promise<readonly PublicJwk[]>;
  /** `iss` of our own tokens. */
  readonly issuer: string;
  readonly issuers: readonly Issuer[];
  /** The bytes of a JSON document at an HTTPS address. */
  readonly fetchJson?: (uri: string) => Promise<ArrayBuffer>;
  /** Epoch milliseconds. */
  readonly now?: () => number;
}): TokenVerifier => {
  const fetchKeys = async (uri: string) => {
    const jwks = safeJsonParse(new TextDecoder().decode(await fetchJson(uri)));
    assertIsJwks(jwks);
    return jwks;
  };
  const toKeyObject = createKeyObjects();
  const trusted = new Map<string, Trusted>(
    issuers.map((other) => [
      other.issuer,
      {
        keyNamed: createKeyCache(
          () => fetchKeys(other.jwksUri ?? `${other.issuer.replace(/\/$/, '')}/.well-known/jwks.json`),
          now,
        ),
        claimsOf: readExternalClaims(other),
      },
    ]),
  );
  trusted.set(issuer, {
    keyNamed: createKeyCache(async () => ({ keys: [...(await publicKeys())] }), now),
    claimsOf: readOwnClaims,
  });

  return async (token, use) => {
    const parts = decompose(token);
    const { kid, crit } = parts?.header ?? {};
    // RFC 7515 §4.1.11: a header that names extensions which we must understand (`crit`) is to be refused; we know none.
    if (parts === undefined || kid === undefined || crit !== undefined) {
      return invalid('malformed');
    }
    const { iss } = parts.payload;
    const by = iss === undefined ? undefined : trusted.get(iss);
    if (iss === undefined || by === undefined) {
      return invalid('not_ours');
    }
    const jwk = await by.keyNamed(kid);
    if (jwk === undefined) {
      return invalid('bad_signature');
    }
    let payload: JwtPayload;
    try {
      // Times are judged below: the library reads the machine's clock, and takes a token that names no end.
      payload = verifyJwtSync(
        token,
        jwk,
        { issuer: iss, audience: null, graceSeconds: Number.POSITIVE_INFINITY },
        toKeyObject,
      );
    } catch {
      // Nothing but the token and its key went in: a wrong signature, another algorithm than the key's, a wrong length.
      return invalid('bad_signature');
    }
    const { exp, nbf = 0 } = payload;
    if (exp === undefined) {
      return invalid('malformed');
    }
    if (exp * 1_000 + CLOCK_SKEW_MS <= now() || nbf * 1_000 - CLOCK_SKEW_MS > now()) {
      // Too early is answered like too late: either way it is out of its time, and the next one will do.
      return invalid('expired');
    }
    return by.claimsOf(payload, use);
  };
};
