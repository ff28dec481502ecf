/** An HTTP server before one function, as API Gateway's `$default` route would be; on a free port of this machine. */
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type HttpHandler, httpEvent, lambdaContext } from './http-event.ts';

const readBody = async (request: IncomingMessage): Promise<Buffer> => {
  const chunks: Buffer[] = [];
  for await (const chunk of request) {
    chunks.push(chunk as Buffer);
  }
  return Buffer.concat(chunks);
};

const headersOf = (request: IncomingMessage): Record<string, string> =>
  Object.fromEntries(Object.entries(request.headers).map(([name, value]) => [name, String(value)]));

export type Served = { readonly url: string; readonly close: () => Promise<void> };

export const serveHandler = async (handler: HttpHandler): Promise<Served> => {
  const server = createServer((request, response) => {
    void (async () => {
      const body = await readBody(request);
      const event = httpEvent(`${request.method} ${request.url}`, {
        headers: headersOf(request),
        ...(body.length === 0 ? {} : { body }),
      });
      const result = await handler(event, lambdaContext());
      response.writeHead(result.statusCode ?? 200, result.headers as Record<string, string>);
      response.end(Buffer.from(result.body ?? '', result.isBase64Encoded ? 'base64' : 'utf8'));
    })();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    close: () => new Promise((resolve) => server.close(() => resolve())),
  };
};
