/** A worker's socket in hands that send what a worker would not. */
import { WebSocket } from 'ws';
import { type ServerFrame, type ServerFrameOf, serverFrame, type WorkerFrameOf } from '../../lib/contracts/frames.ts';
import { until } from './until.ts';

const CLOSED_WITHIN_MS = 10_000;

export type RawSocket = {
  readonly frames: readonly ServerFrame[];
  readonly say: (frame: object) => void;
  /** The first frame of its type, or the one after so many. */
  readonly heard: <T extends ServerFrame['type']>(type: T, after?: number) => Promise<ServerFrameOf<T>>;
  /** Resolves when the server has closed it. */
  readonly closed: () => Promise<void>;
  readonly end: () => void;
};

export type Opened = { readonly status: 101; readonly socket: RawSocket } | { readonly status: number };

export type OpenSocket = (credential: string | undefined) => Promise<Opened>;

const isOfType = <T extends ServerFrame['type']>(frame: ServerFrame, type: T): frame is ServerFrameOf<T> =>
  frame.type === type;

/** @param address of whoever opens it */
export const createOpenSocket =
  (wsUrl: string, address: string): OpenSocket =>
  (credential) =>
    new Promise((resolve, reject) => {
      const headers = credential === undefined ? {} : { authorization: `Bearer ${credential}` };
      const socket = new WebSocket(wsUrl, { headers, localAddress: address });
      const frames: ServerFrame[] = [];
      socket.on('message', (data) => frames.push(serverFrame.parse(JSON.parse(String(data)))));
      socket.on('error', reject);
      socket.on('unexpected-response', (request, { statusCode = 0 }) => {
        request.destroy();
        resolve({ status: statusCode });
      });
      socket.on('open', () =>
        resolve({
          status: 101,
          socket: {
            frames,
            say: (frame) => socket.send(JSON.stringify(frame)),
            heard: (type, after = 0) =>
              until(
                `frame "${type}" among ${JSON.stringify(frames)}`,
                () => frames.filter((frame) => isOfType(frame, type))[after],
              ),
            closed: async () => {
              const isClosed = () => (socket.readyState === WebSocket.CLOSED ? true : undefined);
              await until('end of the socket', isClosed, CLOSED_WITHIN_MS);
            },
            end: () => socket.terminate(),
          },
        }),
      );
    });

const REPORT = { rep: 1, seen: 0, limit: 1 };

export const helloOf = (session: string, pool: string, handler: string): WorkerFrameOf<'hello'> => ({
  ...{ type: 'hello', session, pool, name: session, ...REPORT },
  ...{ maxTasks: 1, handlers: [handler], tags: [], list: [] },
});

export const heartbeatOf = (session: string, pool: string): WorkerFrameOf<'heartbeat'> => ({
  ...{ type: 'heartbeat', session, pool, ...REPORT, rep: 2, list: [] },
});

/** Says what a run wrote, from its beginning on. */
export const logOf = (
  session: string,
  pool: string,
  { run, attempt }: { readonly run: string; readonly attempt: number },
  text: string,
): WorkerFrameOf<'log'> => ({ type: 'log', session, pool, run, attempt, from: 0, text });

/** Says of a run that it has succeeded. @param output what it is to have written */
export const resultOf = (
  session: string,
  pool: string,
  { run, attempt }: { readonly run: string; readonly attempt: number },
  output: string,
): WorkerFrameOf<'result'> => ({
  ...{ type: 'result', session, pool, ...REPORT, rep: 3 },
  results: [{ run, attempt, outcome: 'succeeded', output, startedAt: Date.now(), durationMs: 1 }],
});
