/**
 * API Gateway's WebSocket side: sockets, the frames in both directions, and what becomes of either when a socket ends with or
 * without a word.
 */

import { type ServerFrame, serverFrame, type WorkerFrame } from '../../../lib/contracts/frames.ts';
import type { Link, LinkEvents } from '../../../lib/worker/link.ts';
import type { Basics } from '../basics.ts';

/** One way between worker and gateway. */
const TRANSIT_MS = 10;
/** A frame that is overtaken. */
const DELAY_MS = 40_000;
/** A worker that gets no pong closes the socket; API Gateway gives up on a silent one after ten minutes. */
const PONG_WITHIN_MS = 10_000;
const IDLE_MS = 10 * 60_000;
const DISCONNECT_LATE_MS = 60_000;

/** The process at the other end: what reaches it while it stands still waits, and what reaches it dead is gone. */
export type Peer = {
  readonly name: string;
  readonly run: (action: () => void) => void;
  readonly isAlive: () => boolean;
};

type Socket = {
  readonly conn: string;
  readonly peer: Peer;
  readonly events: LinkEvents;
  /** open → half open (nobody knows) → closed. */
  state: 'opening' | 'open' | 'half_open' | 'closed';
  told: boolean;
  pingedAt: number | undefined;
};

/** API Gateway waits so long for the function behind it. */
const CONNECT_WITHIN_MS = 29_000;

type Surroundings = Pick<Basics, 'timeline' | 'chance' | 'faults' | 'say'> & {
  /** Whether a socket may open; undefined: nobody says so. */
  readonly connect: (conn: string, key: string) => Promise<number | undefined>;
  /** A frame for the function behind the gateway. */
  readonly receive: (conn: string, body: string) => void;
  readonly disconnect: (conn: string) => void;
  /** Every frame that a worker's process has taken in. */
  readonly delivered: (peer: Peer, frame: ServerFrame) => void;
  /** Every frame that a worker has sent, whether it arrives or not. */
  readonly sent: (peer: Peer, frame: WorkerFrame) => void;
  /** The control plane pushes a run, whether it arrives or not. */
  readonly pushed: (session: string, run: string, attempt: number) => void;
  /** The gateway said that an open socket was gone. */
  readonly slandered: (conn: string) => void;
};

export const createGateway = (world: Surroundings) => {
  const { timeline, chance, faults, say } = world;
  const sockets = new Map<string, Socket>();
  let opened = 0;
  const transit = (): number => 1 + Math.floor(chance() * TRANSIT_MS);
  /** When the second of two comes: at the same time, or long after. */
  const again = (): number => chance() * (chance() < 0.5 ? TRANSIT_MS : DELAY_MS);

  const end = (socket: Socket, detail: string): void => {
    if (socket.state === 'closed') {
      return;
    }
    const known = socket.state !== 'opening';
    socket.state = 'closed';
    say(() => ['gateway', `${socket.conn} ends: ${detail}`]);
    if (known) {
      timeline.after(faults.strike('disconnect_late') ? DISCONNECT_LATE_MS : transit(), () =>
        world.disconnect(socket.conn),
      );
    }
    tell(socket, detail);
  };

  const tell = (socket: Socket, detail: string, refused?: number): void => {
    if (!socket.told) {
      socket.told = true;
      const reason = refused === undefined ? { detail } : { refused, detail };
      timeline.after(transit(), () => socket.peer.run(() => socket.events.closed(reason)));
    }
  };

  /** The function behind `$connect` decides; one that dies, or is too slow, refuses. */
  const letIn = async (socket: Socket, key: string): Promise<void> => {
    const answer = world.connect(socket.conn, key);
    const status = (await Promise.race([answer, timeline.pause(CONNECT_WITHIN_MS).then(() => undefined)])) ?? 500;
    timeline.after(transit(), () => {
      if (socket.state !== 'opening') {
        return;
      }
      if (status === 200) {
        socket.state = 'open';
        socket.peer.run(() => socket.events.opened());
      } else {
        socket.state = 'closed';
        say(() => ['gateway', `${socket.conn} is refused: HTTP ${status}`]);
        tell(socket, `HTTP ${status}`, status);
      }
    });
  };

  /** The worker goes. On a half-open socket the gateway does not hear of it. */
  const leave = (socket: Socket, detail: string): void => {
    if (socket.state === 'half_open') {
      tell(socket, detail);
    } else {
      end(socket, detail);
    }
  };

  /** Nobody is told. The gateway finds out after ten idle minutes, the worker by its pings. */
  const cut = (socket: Socket): void => {
    socket.state = 'half_open';
    say(() => ['gateway', `${socket.conn} is half open`]);
    timeline.after(IDLE_MS, () => end(socket, 'idle'));
  };

  const fromWorker = (socket: Socket, frame: WorkerFrame): void => {
    world.sent(socket.peer, frame);
    say(() => [socket.peer.name, `sends ${JSON.stringify(frame)}`]);
    if (socket.state === 'open' && faults.strike('socket_dropped')) {
      end(socket, 'dropped');
      return;
    }
    if (socket.state === 'open' && faults.strike('socket_half_open')) {
      cut(socket);
    }
    if (socket.state !== 'open' || faults.strike('frame_lost')) {
      return;
    }
    const body = JSON.stringify(frame);
    const arrive = (): void => world.receive(socket.conn, body);
    timeline.after(transit() + (faults.strike('frame_delayed') ? chance() * DELAY_MS : 0), arrive);
    if (faults.strike('frame_doubled')) {
      timeline.after(transit() + again(), arrive);
    }
  };

  const toWorker = (socket: Socket, frame: ServerFrame): void => {
    const text = JSON.stringify(frame);
    const arrive = (): void => {
      if (socket.state === 'open' && socket.peer.isAlive()) {
        socket.peer.run(() => {
          if (socket.told) {
            return;
          }
          const received = serverFrame.parse(JSON.parse(text));
          world.delivered(socket.peer, received);
          socket.events.frame(received);
        });
      }
    };
    timeline.after(transit() + (faults.strike('post_delayed') ? chance() * DELAY_MS : 0), arrive);
    if (faults.strike('post_doubled')) {
      timeline.after(transit() + again(), arrive);
    }
  };

  return {
    /** @param key the text of the worker's API key */
    open: (peer: Peer, events: LinkEvents, key: string): Link => {
      opened += 1;
      const socket: Socket = {
        conn: `${peer.name}-c${opened}`,
        peer,
        events,
        state: 'opening',
        told: false,
        pingedAt: undefined,
      };
      sockets.set(socket.conn, socket);
      timeline.after(transit(), () => void letIn(socket, key));
      return {
        isOpen: () => socket.state !== 'closed' && !socket.told,
        send: (frame, done) => {
          fromWorker(socket, frame);
          timeline.after(0, () => peer.run(() => done?.(socket.state !== 'closed')));
        },
        ping: () => {
          const { pingedAt } = socket;
          if (pingedAt !== undefined && timeline.now() - pingedAt > PONG_WITHIN_MS) {
            tell(socket, 'no sign of life from the other side');
          } else if (pingedAt === undefined) {
            socket.pingedAt = timeline.now();
            const there = 2 * transit();
            timeline.after(there, () => {
              if (socket.state === 'open') {
                socket.pingedAt = undefined;
                peer.run(() => events.roundTrip(there));
              }
            });
          }
        },
        close: () => leave(socket, 'closed by the worker'),
        terminate: () => leave(socket, 'cut by the worker'),
      };
    },

    post: async (conn: string, frame: ServerFrame): Promise<'sent' | 'gone' | 'unknown'> => {
      if (frame.type === 'run') {
        for (const { run, attempt } of frame.runs) {
          world.pushed(frame.session, run, attempt);
        }
      }
      const socket = sockets.get(conn);
      if (socket === undefined || socket.state === 'closed') {
        return 'gone';
      }
      if (faults.strike('post_gone')) {
        world.slandered(conn);
        return 'gone';
      }
      if (faults.strike('post_failed')) {
        return 'unknown';
      }
      const unsure = faults.strike('post_unsure');
      if (socket.state === 'open' && !faults.strike('post_lost')) {
        toWorker(socket, frame);
      }
      return unsure ? 'unknown' : 'sent';
    },

    close: async (conn: string): Promise<void> => {
      const socket = sockets.get(conn);
      if (socket !== undefined) {
        end(socket, 'closed by the control plane');
      }
    },

    /** The worker's sockets end. `silent`: nobody is told. */
    drop: (name: string, how: 'told' | 'silent'): void => {
      for (const socket of sockets.values()) {
        if (socket.peer.name === name && socket.state === 'open') {
          if (how === 'told') {
            end(socket, 'dropped');
          } else {
            cut(socket);
          }
        }
      }
    },
    /** Somebody else's words come out of the worker's socket. */
    say: (name: string, text: string): void => {
      for (const socket of sockets.values()) {
        if (socket.peer.name === name && socket.state === 'open') {
          world.receive(socket.conn, text);
        }
      }
    },
    isOpen: (conn: string): boolean => sockets.get(conn)?.state === 'open',
    /** A process died: the kernel ends its sockets. */
    endOf: (peer: Peer): void => {
      for (const socket of sockets.values()) {
        if (socket.peer === peer) {
          socket.told = true;
          end(socket, 'its process died');
        }
      }
    },
    /** A half-open socket is found out at last. */
    heal: (): void => {
      for (const socket of sockets.values()) {
        if (socket.state === 'half_open') {
          end(socket, 'idle');
        }
      }
    },
  };
};
export type Gateway = ReturnType<typeof createGateway>;
