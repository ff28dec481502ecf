/** Health, and the payloads that workers fetch. */
import type { Engine } from '../../../application/api.ts';
import { servesPool } from '../../../domain/identity/access.ts';
import { prefersText } from '../prefers-text.ts';
import type { Handlers } from '../serve.ts';

export const platformHandlers = (engine: Pick<Engine, 'getRun'>): Pick<Handlers, 'health' | 'downloadPayload'> => ({
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
});
