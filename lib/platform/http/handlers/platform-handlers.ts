/** Health, and what workers fetch and bring that is too large for a frame. */
import type { Engine } from '../../../application/api.ts';
import { servesPool } from '../../../domain/identity/access.ts';
import { prefersText } from '../prefers-text.ts';
import type { Handlers } from '../serve.ts';

export type PlatformDependencies = { readonly engine: Pick<Engine, 'getRun' | 'storeOutput'> };

export const platformHandlers = ({
  engine,
}: PlatformDependencies): Pick<Handlers, 'health' | 'downloadPayload' | 'storeOutput'> => ({
  health: ({ headers }) =>
    prefersText(headers.accept)
      ? { status: 200, type: 'text/plain', text: 'OK' }
      : { status: 200, body: { code: 0, message: 'success', data: { status: 'ok' } } },

  // A run of a pool that the key does not serve is as good as none: which runs other pools have is not told.
  downloadPayload: async ({ params }, { principal }) => {
    const run = await engine.getRun(params.id);
    return run && servesPool(principal.pools, run.pool)
      ? { status: 200, type: 'application/json', text: run.payload }
      : { status: 404, error: 'Run not found' };
  },

  storeOutput: async ({ params, query, body }, { principal }) => {
    const serves = (pool: string): boolean => servesPool(principal.pools, pool);
    const stored = await engine.storeOutput({ run: params.id, ...query, ...body, servesPool: serves });
    switch (stored) {
      case 'stored':
        return { status: 204 };
      case 'stale':
        return { status: 409, error: 'The attempt is not in flight' };
      case 'not_found':
        return { status: 404, error: 'Run not found' };
    }
  },
});
