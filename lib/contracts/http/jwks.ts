/** The public halves of the keys that sign our tokens (RFC 7517), for whoever wants to verify them offline. */
import * as z from 'zod';
import { defineOperation } from './operation.ts';

const jwk = z
  .object({
    kty: z.literal('EC'),
    crv: z.literal('P-256'),
    x: z.string(),
    y: z.string(),
    kid: z.string(),
    alg: z.literal('ES256'),
    use: z.literal('sig'),
  })
  .meta({ id: 'PublicJwk' });

export const getJwks = defineOperation({
  id: 'getJwks',
  group: 'platform',
  method: 'GET',
  path: '/.well-known/jwks.json',
  summary: 'Read the public keys of the tokens',
  answers: {
    200: {
      description: 'At most two keys: that of the tokens made now, and the one before or after it',
      schema: z.object({ keys: z.array(jwk) }).meta({ id: 'Jwks' }),
      examples: {
        one: {
          keys: [
            {
              kty: 'EC',
              crv: 'P-256',
              // The example of RFC 7517, appendix A.1.
              x: 'MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4',
              y: '4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM',
              kid: 'key-2030-01',
              alg: 'ES256',
              use: 'sig',
            },
          ],
        },
      },
    },
  },
  refusals: {},
  fault: 'Failed to read the public keys',
});
