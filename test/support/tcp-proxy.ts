/** A network between a client and a server of this machine that can be cut or can fall silent. */
import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';

export type TcpProxy = {
  readonly port: number;
  /** How many connections it has taken so far. */
  readonly connections: () => number;
  /** Every connection breaks, on both sides; new ones are taken. */
  readonly cut: () => void;
  /** Nothing passes any more and nobody is told, as when a cable is pulled; new connections are silent too. */
  readonly freeze: () => void;
  /** What was held back passes. */
  readonly thaw: () => void;
  readonly close: () => Promise<void>;
};

export const startTcpProxy = async (targetPort: number): Promise<TcpProxy> => {
  const sockets = new Set<Socket>();
  let frozen = false;
  let count = 0;

  const keep = (socket: Socket, other: Socket): void => {
    sockets.add(socket);
    socket.on('error', () => other.destroy());
    socket.on('close', () => {
      sockets.delete(socket);
      other.destroy();
    });
    socket.on('data', (chunk) => {
      other.write(chunk);
    });
    socket.on('end', () => other.end());
    if (frozen) {
      socket.pause();
    }
  };
  const server = createServer((client) => {
    count += 1;
    const upstream = connect(targetPort, '127.0.0.1');
    keep(client, upstream);
    keep(upstream, client);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const cut = (): void => {
    for (const socket of sockets) {
      socket.resetAndDestroy();
    }
  };
  return {
    port: typeof address === 'object' && address !== null ? address.port : 0,
    connections: () => count,
    cut,
    freeze: () => {
      frozen = true;
      for (const socket of sockets) {
        socket.pause();
      }
    },
    thaw: () => {
      frozen = false;
      for (const socket of sockets) {
        socket.resume();
      }
    },
    close: async () => {
      const closed = once(server, 'close');
      server.close();
      cut();
      await closed;
    },
  };
};
