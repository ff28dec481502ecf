import type { IncomingMessage } from 'node:http';

/** The body of a request, or undefined when it is longer than `maxBytes`. */
export const readBody = async (request: IncomingMessage, maxBytes: number): Promise<Buffer | undefined> => {
  if (Number(request.headers['content-length'] ?? 0) > maxBytes) {
    return undefined;
  }
  const chunks: Buffer[] = [];
  let length = 0;
  // Not destroyed on return: the answer that refuses it still has to go out on this socket.
  for await (const chunk of request.iterator({ destroyOnReturn: false })) {
    const bytes: Buffer = chunk;
    length += bytes.length;
    if (length > maxBytes) {
      return undefined;
    }
    chunks.push(bytes);
  }
  return Buffer.concat(chunks);
};
