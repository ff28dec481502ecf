/** The server that the demo's http task calls: it keeps what it was sent and answers with JSON. */
import { once } from 'node:events';
import { createServer } from 'node:http';

export type HookServer = {
  readonly url: string;
  readonly bodies: readonly string[];
  readonly close: () => Promise<void>;
};

export const startHookServer = async (): Promise<HookServer> => {
  const bodies: string[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      bodies.push(Buffer.concat(chunks).toString());
      response.setHeader('content-type', 'application/json').end('{"accepted":true}');
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  return {
    url: `http://127.0.0.1:${port}/orders`,
    bodies,
    close: async () => {
      server.close();
      server.closeAllConnections();
      await once(server, 'close').catch(() => undefined);
    },
  };
};
