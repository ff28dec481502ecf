/** SQS in this process (fauxqs, in memory), on the loopback address and for callers that sign with this start's key. */
import { buildApp } from 'fauxqs';
import { accessKeyOf, refuseForeign } from '../guard.ts';

export type QueueServer = { readonly endpoint: string; readonly stop: () => Promise<void> };

export const startQueueServer = async (accessKeyId: string): Promise<QueueServer> => {
  const app = buildApp({ logger: false });
  app.addHook('onRequest', async (request, reply) => {
    const { method, headers } = request;
    const refusal = refuseForeign({ method, headers });
    if (refusal || accessKeyOf(headers) !== accessKeyId) {
      await reply.status(refusal?.status ?? 403).send({ message: refusal?.error ?? 'Unknown access key' });
    }
  });
  // Its own start function listens on every interface.
  const endpoint = await app.listen({ port: 0, host: '127.0.0.1' });
  return {
    endpoint,
    stop: async () => {
      await app.close();
    },
  };
};
