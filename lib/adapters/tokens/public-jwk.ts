import { createHash, type KeyObject } from 'node:crypto';
import type { PublicJwk } from '../../application/ports/identity.ts';

/**
 * A public key as the JWKS shows it. Its `kid` is its thumbprint (RFC 7638), so it follows from the key alone: no two keys
 * share one, and every instance gives the same key the same name.
 */
export const toPublicJwk = (key: KeyObject): PublicJwk => {
  const { kty, crv, x, y } = key.export({ format: 'jwk' });
  if (kty !== 'EC' || crv !== 'P-256' || x === undefined || y === undefined) {
    throw new Error(`A token key must be of the curve P-256 (ES256); this one is ${kty} ${crv ?? ''}`.trim());
  }
  // The members that RFC 7638 §3.2 names, in the order of their names, and no space.
  const thumbprint = createHash('sha256').update(JSON.stringify({ crv, kty, x, y })).digest('base64url');
  return { kty, crv, x, y, kid: thumbprint, alg: 'ES256', use: 'sig' };
};
