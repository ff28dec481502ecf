import type { Handlers } from '../../serve.ts';

/** API A's version, as its document states it. */
const A_VERSION = '1.0.0';

export const rootHandlers = (): Pick<Handlers, 'root'> => ({
  root: () => ({ status: 200, body: { message: 'Cronsaga API Server', version: A_VERSION, status: 'running' } }),
});
