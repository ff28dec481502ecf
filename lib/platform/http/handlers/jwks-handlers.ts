/** The public keys of our tokens. */
import type { Identity } from '../../../application/identity/api.ts';
import type { Handlers } from '../serve.ts';

/** A new key is published before it signs, so who keeps the old answer for five minutes misses nothing. */
const HEADERS = { 'cache-control': 'public, max-age=300' };

export const jwksHandlers = (identity: Pick<Identity, 'publicKeys'>): Pick<Handlers, 'getJwks'> => ({
  getJwks: async () => ({ status: 200, body: { keys: [...(await identity.publicKeys())] }, headers: HEADERS }),
});
