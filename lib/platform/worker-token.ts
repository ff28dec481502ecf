import { createHash, timingSafeEqual } from 'node:crypto';

/**
 * Whether an `Authorization` header carries the workers' token. Hashes are compared, in constant time: neither the token's
 * length nor its first wrong byte shows.
 * @param sha256 of the token, in hex
 */
export const isWorkerToken = (authorization: string | undefined, sha256: string): boolean => {
  const token = /^Bearer +(\S+) *$/i.exec(authorization ?? '')?.[1];
  const hash = createHash('sha256')
    .update(token ?? '')
    .digest();
  const expected = Buffer.from(sha256, 'hex');
  return token !== undefined && hash.length === expected.length && timingSafeEqual(hash, expected);
};
