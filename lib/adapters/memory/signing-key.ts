import { generateKeyPairSync, sign } from 'node:crypto';
import type { SigningPort } from '../../application/ports/identity.ts';
import { toPublicJwk } from '../tokens/public-jwk.ts';

/** A key of this process, for the local stage: tokens live as long as the process that signed them. */
export const createLocalSigning = (): SigningPort => {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const jwk = toPublicJwk(publicKey);
  return {
    publicKeys: async () => [jwk],
    sign: async (input) => ({
      kid: jwk.kid,
      // `ieee-p1363` is node's name for raw `r || s`; its default is DER, which no JWS verifier takes.
      signature: sign('sha256', Buffer.from(input), { key: privateKey, dsaEncoding: 'ieee-p1363' }),
    }),
  };
};
