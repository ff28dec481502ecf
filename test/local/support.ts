import { createServer, type Server } from 'node:http';
import type { Invoke, Outcome } from '../../lib/local/functions/invocation.ts';
import { createLogger, type Logger } from '../../lib/platform/logger.ts';

export const silent: Logger = createLogger({ level: 'error', write: () => undefined });

export const ok = (payload: unknown): Outcome => ({ ok: true, payload });
export const failed: Outcome = { ok: false, reason: 'failed', message: 'asked to fail' };

export type Invocation = { readonly functionArn: string; readonly event: Readonly<Record<string, unknown>> };

/** An `invoke` that keeps what it was given and answers with what the test says. */
export const recordingInvoke = (
  answer: (event: Readonly<Record<string, unknown>>, functionArn: string) => Outcome | Promise<Outcome>,
) => {
  const invocations: Invocation[] = [];
  const invoke: Invoke = async (functionArn, event) => {
    // As JSON, which is all that a function would see.
    const seen: Readonly<Record<string, unknown>> = JSON.parse(JSON.stringify(event));
    invocations.push({ functionArn, event: seen });
    return answer(seen, functionArn);
  };
  return { invoke, invocations };
};

export const credentials = (accessKeyId: string) => ({ accessKeyId, secretAccessKey: 'local' });

/** A server on a free port of the loopback address. */
export const listenOn = async (server: Server): Promise<number> => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  return typeof address === 'object' && address ? address.port : 0;
};

/** One address for two emulators, as LocalStack has: the service is told by the operation's name. */
export const frontFor = (endpoints: { readonly dynamodb: string; readonly sqs: string }): Server =>
  createServer(async (request, response) => {
    const target = String(request.headers['x-amz-target'] ?? '');
    const to = target.startsWith('AmazonSQS') ? endpoints.sqs : endpoints.dynamodb;
    const chunks: Buffer[] = [];
    for await (const chunk of request) {
      chunks.push(chunk);
    }
    const { host: _host, connection: _connection, 'content-length': _length, ...headers } = request.headers;
    try {
      const answer = await fetch(to, {
        method: 'POST',
        headers: Object.entries(headers).map(([name, value]): [string, string] => [name, String(value)]),
        body: Buffer.concat(chunks),
      });
      response.writeHead(answer.status, { 'content-type': answer.headers.get('content-type') ?? '' });
      response.end(Buffer.from(await answer.arrayBuffer()));
    } catch {
      // The emulator was stopped while it held a long poll.
      response.destroy();
    }
  });
