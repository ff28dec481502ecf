import type { APIGatewayProxyResultV2, APIGatewayProxyWebsocketEventV2 } from 'aws-lambda';
import type { Engine } from '../../application/api.ts';
import { workerFrame } from '../../contracts/frames.ts';
import { MAX_MESSAGE_BYTES } from '../../contracts/limits.ts';
import type { Logger } from '../logger.ts';

const OK = { statusCode: 200 };

const describeIssue = (
  issues: readonly { readonly path: readonly PropertyKey[]; readonly message: string }[],
): string =>
  issues
    .slice(0, 3)
    .map(({ path, message }) => `${path.map(String).join('.') || 'frame'}: ${message}`)
    .join('; ');

/** `$default` and `$disconnect`: what a worker says, and that it is gone. */
export const createFrameHandler = ({ engine, logger }: { readonly engine: Engine; readonly logger: Logger }) => {
  const receive = async (conn: string, body: string): Promise<void> => {
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
      return engine.receiveFrame({ conn, frame: parsed.data });
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
        await receive(connectionId, event.body ?? '');
      }
      return OK;
    } catch (error) {
      // The worker is not told: it repeats what matters, and a redelivery asks for what was lost (rule R4).
      logger.error('A frame could not be handled', { conn: connectionId, routeKey, error });
      return { statusCode: 500 };
    }
  };
};
