/** The open sockets of the WebSocket API, by connection id, and what `@connections` may do with them. */
import { randomBytes } from 'node:crypto';
import type { WebSocket } from 'ws';
import { MAX_MESSAGE_BYTES } from '../../contracts/limits.ts';

export type Connection = {
  readonly id: string;
  readonly socket: Pick<WebSocket, 'bufferedAmount' | 'close' | 'readyState' | 'send'>;
  readonly connectedAt: number;
  lastActiveAt: number;
  readonly sourceIp: string;
  readonly userAgent: string;
};

export type PostResult = 'sent' | 'gone' | 'too_large' | 'limit_exceeded';

export type Connections = {
  readonly add: (connection: Connection) => void;
  readonly remove: (id: string) => void;
  readonly find: (id: string) => Connection | undefined;
  readonly post: (id: string, message: Buffer) => PostResult;
  readonly close: (id: string, code: number, reason: string) => boolean;
  readonly closeAll: (code: number, reason: string) => void;
  /** Closes what API Gateway would: idle for 10 minutes, or open for two hours. */
  readonly closeExpired: (now: number) => void;
};

/** Quotas of a WebSocket API, not adjustable. */
const IDLE_LIMIT_MS = 10 * 60_000;
const LIFE_LIMIT_MS = 2 * 3_600_000;
/** API Gateway refuses to post when its buffer for a client is full, and does not tell how large that is: a guess. */
const MAX_BUFFERED_BYTES = 1024 * 1024;

/** Padded base64 like the ids of API Gateway, so that a caller who forgets to encode it in a path is found out. */
export const newConnectionId = (): string => `${randomBytes(11).toString('base64url')}=`;

export const createConnections = (): Connections => {
  const connections = new Map<string, Connection>();
  const close: Connections['close'] = (id, code, reason) => {
    const connection = connections.get(id);
    connection?.socket.close(code, reason);
    return connection !== undefined;
  };
  return {
    add: (connection) => connections.set(connection.id, connection),
    remove: (id) => connections.delete(id),
    find: (id) => connections.get(id),
    post: (id, message) => {
      const connection = connections.get(id);
      if (connection?.socket.readyState !== 1) {
        return 'gone';
      }
      if (message.length > MAX_MESSAGE_BYTES) {
        return 'too_large';
      }
      if (connection.socket.bufferedAmount > MAX_BUFFERED_BYTES) {
        return 'limit_exceeded';
      }
      connection.lastActiveAt = Date.now();
      connection.socket.send(message, { binary: false });
      return 'sent';
    },
    close,
    closeAll: (code, reason) => {
      for (const id of connections.keys()) {
        close(id, code, reason);
      }
    },
    closeExpired: (now) => {
      for (const { id, lastActiveAt, connectedAt } of connections.values()) {
        if (now - lastActiveAt > IDLE_LIMIT_MS || now - connectedAt > LIFE_LIMIT_MS) {
          close(id, 1001, 'Going away');
        }
      }
    },
  };
};
