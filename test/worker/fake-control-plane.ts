/** A scripted control plane: the server's end of the wire, without any of its logic. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type WebSocket, WebSocketServer } from 'ws';
import {
  type RunOrder,
  type RunResult,
  type ServerFrame,
  type ServerFrameOf,
  serverFrame,
  type WorkerFrame,
  type WorkerFrameOf,
  workerFrame,
} from '../../lib/contracts/frames.ts';
import { MAX_FRAME_BYTES } from '../../lib/contracts/limits.ts';

export const TOKEN = 'a-token-for-tests';

export type Script = {
  /** What a `hello` and a `resume` are answered with. */
  onHello: 'welcome' | 'silence';
  /** What a `welcome` has besides. */
  welcome: Pick<ServerFrameOf<'welcome'>, 'maxTasks' | 'categories'>;
  onResume: 'resumed' | 'gone' | 'silence';
  heartbeatMs: number;
  /** HTTP status of the upgrade when it is refused. */
  refuse: number | undefined;
  /** The server's clock is ahead of this machine's by so much. */
  aheadMs: number;
};

export type Received<T extends WorkerFrame['type']> = { readonly frame: WorkerFrameOf<T>; readonly socket: WebSocket };

export type FakeControlPlane = Awaited<ReturnType<typeof startFakeControlPlane>>;

export async function startFakeControlPlane(given: Partial<Script> = {}, onPort = 0) {
  const script: Script = {
    onHello: 'welcome',
    welcome: {},
    onResume: 'resumed',
    heartbeatMs: 60_000,
    refuse: undefined,
    aheadMs: 0,
    ...given,
  };
  const received: { frame: WorkerFrame; socket: WebSocket; taken: boolean }[] = [];
  const results: { result: RunResult; taken: boolean }[] = [];
  const broken: string[] = [];
  const upgrades: { authorization: string | undefined }[] = [];
  const payloads = new Map<string, string>();
  const stored: { readonly path: string; readonly body: unknown }[] = [];
  const storing: number[] = [];
  const looks = new Set<() => void>();
  let seq = 0;

  const storeOutput = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const chunks: Uint8Array[] = [];
    for await (const chunk of request) chunks.push(chunk);
    const { authorization } = request.headers;
    const answer = authorization === `Bearer ${TOKEN}` ? (storing.shift() ?? 204) : 401;
    if (answer === 204) stored.push({ path: request.url ?? '', body: JSON.parse(Buffer.concat(chunks).toString()) });
    response.writeHead(answer).end();
  };
  const answerHttp = (request: IncomingMessage, response: ServerResponse): void => {
    if (request.method === 'PUT') {
      void storeOutput(request, response);
      return;
    }
    const payload = payloads.get(request.url ?? '');
    const allowed = request.headers.authorization === `Bearer ${TOKEN}`;
    response.statusCode = payload === undefined ? 404 : allowed ? 200 : 401;
    response.end(allowed ? payload : undefined);
  };
  const http = createServer(answerHttp);
  const sockets = new WebSocketServer({ noServer: true });
  http.on('upgrade', (request, stream, head) => {
    upgrades.push({ authorization: request.headers.authorization });
    if (script.refuse !== undefined) {
      stream.end(`HTTP/1.1 ${script.refuse} Refused\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
      for (const look of [...looks]) look();
      return;
    }
    sockets.handleUpgrade(request, stream, head, (socket) => {
      socket.on('message', (data) => onMessage(socket, String(data)));
    });
  });

  const send = (socket: WebSocket, frame: ServerFrame): void => socket.send(JSON.stringify(serverFrame.parse(frame)));
  const at = (): number => Date.now() + script.aheadMs;

  function onMessage(socket: WebSocket, text: string): void {
    if (Buffer.byteLength(text) > MAX_FRAME_BYTES) broken.push(`a frame of ${Buffer.byteLength(text)} bytes`);
    const parsed = workerFrame.safeParse(JSON.parse(text));
    if (!parsed.success) {
      broken.push(`${parsed.error.message} in ${text.slice(0, 200)}`);
      return;
    }
    const frame = parsed.data;
    received.push({ frame, socket, taken: false });
    if (frame.type === 'result') results.push(...frame.results.map((result) => ({ result, taken: false })));
    if (frame.type === 'hello' && script.onHello === 'welcome') {
      seq = 0;
      const { heartbeatMs, welcome } = script;
      send(socket, { type: 'welcome', session: frame.session, at: at(), heartbeatMs, ...welcome });
    }
    if (frame.type === 'resume' && script.onResume !== 'silence') {
      const { session, epoch } = frame;
      send(
        socket,
        script.onResume === 'gone' ? { type: 'gone', session } : { type: 'resumed', session, at: at(), epoch },
      );
    }
    for (const look of [...looks]) look();
  }

  /** Resolves when `find` finds something; looked for after each frame and each refused upgrade. */
  const until = <T>(find: () => T | undefined): Promise<T> =>
    new Promise((resolve) => {
      const look = (): void => {
        const found = find();
        if (found === undefined) return;
        looks.delete(look);
        resolve(found);
      };
      looks.add(look);
      look();
    });

  await new Promise<void>((resolve) => http.listen(onPort, '127.0.0.1', resolve));
  const { port } = http.address() as AddressInfo;

  return {
    script,
    port,
    url: `ws://127.0.0.1:${port}`,
    upgrades,
    /** Payloads served over HTTP, by path. */
    payloads,
    /** What was PUT over HTTP, and accepted. */
    stored,
    /** How the next PUTs are answered, in place of 204. */
    storing,
    /** Frames that break the contract: always empty, or the worker is wrong. */
    broken,
    send,
    at,
    until,
    /** The first frame of this type (that `matches`) which no earlier call has returned. */
    frame<T extends WorkerFrame['type']>(
      type: T,
      matches: (frame: WorkerFrameOf<T>) => boolean = () => true,
    ): Promise<Received<T>> {
      const isWanted = (frame: WorkerFrame): frame is WorkerFrameOf<T> => frame.type === type;
      return until(() => {
        for (const entry of received) {
          if (entry.taken || !isWanted(entry.frame) || !matches(entry.frame)) continue;
          entry.taken = true;
          return { frame: entry.frame, socket: entry.socket };
        }
        return undefined;
      });
    },
    /** The first result of this attempt, in whatever frame it came, that no earlier call has returned. */
    result: (run: string, attempt = 1): Promise<RunResult> =>
      until(() => {
        const found = results.find((one) => !one.taken && one.result.run === run && one.result.attempt === attempt);
        if (found !== undefined) found.taken = true;
        return found?.result;
      }),
    /** All frames so far of a type, read or not. */
    all: <T extends WorkerFrame['type']>(type: T): WorkerFrameOf<T>[] =>
      received.map(({ frame }) => frame).filter((frame): frame is WorkerFrameOf<T> => frame.type === type),
    /** An order that is due now, with the session's next seq unless one is given. */
    order(fields: Partial<RunOrder> & { readonly run: string }): RunOrder {
      seq = fields.seq ?? seq + 1;
      return {
        seq,
        attempt: 1,
        handler: 'test',
        payload: '{}',
        notBefore: 0,
        timeoutMs: 60_000,
        maxTries: 3,
        tries: 0,
        stream: true,
        ...fields,
      };
    },
    push({ frame, socket }: Received<'hello'> | Received<'resume'>, ...orders: RunOrder[]): void {
      send(socket, { type: 'run', session: frame.session, at: at(), runs: orders });
    },
    /** Resolves when the worker has handled what was sent on this socket: frames and pings are read in order. */
    readBy: (socket: WebSocket): Promise<void> =>
      new Promise((resolve) => {
        socket.once('pong', () => resolve());
        socket.ping();
      }),
    async close(): Promise<void> {
      for (const socket of sockets.clients) socket.terminate();
      http.closeAllConnections();
      await new Promise((resolve) => http.close(resolve));
    },
  };
}
