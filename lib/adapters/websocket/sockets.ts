import {
  ApiGatewayManagementApiClient,
  DeleteConnectionCommand,
  GoneException,
  PostToConnectionCommand,
} from '@aws-sdk/client-apigatewaymanagementapi';
import type { LogPort, SocketPort } from '../../application/ports/index.ts';
import { AWS_CALL } from '../aws-call.ts';

/**
 * Posts to workers' sockets. Only a 410 is definite; a timeout, a throttle or a full buffer leaves it open whether the
 * frame arrived, and nobody retries here beyond the SDK: the run's alarm finds out (rules R3, R5).
 *
 * @param endpoint `https://…/stage`
 */
export const createSocketPort = (
  endpoint: string,
  log: LogPort,
  client = new ApiGatewayManagementApiClient({ endpoint, ...AWS_CALL }),
): SocketPort => {
  return {
    post: async (conn, frame) => {
      try {
        await client.send(new PostToConnectionCommand({ ConnectionId: conn, Data: JSON.stringify(frame) }));
        return 'sent';
      } catch (error) {
        if (error instanceof GoneException) {
          return 'gone';
        }
        log.warn('Posting to a socket failed', { conn, type: frame.type, error });
        return 'unknown';
      }
    },
    close: async (conn) => {
      try {
        await client.send(new DeleteConnectionCommand({ ConnectionId: conn }));
      } catch (error) {
        if (!(error instanceof GoneException)) {
          throw error;
        }
      }
    },
  };
};
