import type { APIGatewayProxyResultV2, APIGatewayProxyWebsocketEventV2 } from 'aws-lambda';
import type { Engine, Inbound } from '../../application/api.ts';
import type { Origin } from '../../application/identity/api.ts';
import type { FrameAccess } from '../../application/identity/frame-access.ts';
import { workerFrame } from '../../contracts/frames.ts';
import { MAX_MESSAGE_BYTES } from '../../contracts/limits.ts';
import type { Logger } from '../logger.ts';
import { originOf } from './origin.ts';

const OK = { statusCode: 200 };

const describeIssue = (
  issues: readonly { readonly path: readonly PropertyKey[]; readonly message: string }[],
): string =>
  issues
    .slice(0, 3)
    .map(({ path, message }) => `${path.map(String).join('.') || 'frame'}: ${message}`)
    .join('; ');

/** `$default` and `$disconnect`: what a worker says, and that it is gone. */
export const createFrameHandler = (ports: {
  readonly engine: Pick<Engine, 'receiveFrame' | 'rejectFrame' | 'expel' | 'disconnect'>;
  readonly access: FrameAccess;
  readonly logger: Logger;
}) => {
  const { engine, access, logger } = ports;

  const obey = async (inbound: Inbound, from: Origin): Promise<void> => {
    const verdict = await access(inbound, from);
    switch (verdict.kind) {
      case 'granted':
        return engine.receiveFrame(inbound);
      case 'refused':
        return engine.rejectFrame(inbound.conn, 'refused', verdict.why);
      case 'expelled':
        return engine.expel(inbound);
    }
  };

  const receive = async (body: string, from: Origin): Promise<void> => {
    const conn = from.requestId;
    if (Buffer.byteLength(body) > MAX_MESSAGE_BYTES) {
      return engine.rejectFrame(conn, 'too_large', `A message has at most ${MAX_MESSAGE_BYTES} bytes`);
    }
    let json: unknown;
    try {
      json = JSON.parse(body);
    } catch {
      return engine.rejectFrame(conn, 'not_json', 'A frame is one JSON object in one text message');
    }
    const parsed = workerFrame.safeParse(json);
    if (parsed.success) {
      return obey({ conn, frame: parsed.data }, from);
    }
    const unknownType = parsed.error.issues.some(({ code }) => code === 'invalid_union');
    const code = unknownType ? 'unknown_type' : 'invalid';
    return engine.rejectFrame(conn, code, unknownType ? 'No frame has this type' : describeIssue(parsed.error.issues));
  };

  return async (
    event: Pick<APIGatewayProxyWebsocketEventV2, 'requestContext' | 'body'>,
  ): Promise<APIGatewayProxyResultV2> => {
    const { connectionId, routeKey } = event.requestContext;
    try {
      if (routeKey === '$disconnect') {
        await engine.disconnect(connectionId);
      } else {
        await receive(event.body ?? '', originOf(event));
      }
      return OK;
    } catch (error) {
      // The worker is not told: it repeats what matters, and a redelivery asks for what was lost (rule R4).
      logger.error('A frame could not be handled', { conn: connectionId, routeKey, error });
      return { statusCode: 500 };
    }
  };
};
