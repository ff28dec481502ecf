import { WebSocket } from 'ws';
import type { ServerFrame, WorkerFrame } from '../contracts/frames.ts';
import { serverFrame } from '../contracts/frames.ts';
import { MAX_MESSAGE_BYTES } from '../contracts/limits.ts';
import type { TimeSource } from './clock.ts';
import { errorText } from './handlers.ts';
import type { WorkerLogger } from './logger.ts';

const CONNECT_WITHIN_MS = 10_000;
/** The other side has this long to answer a close before the socket is destroyed. */
const CLOSE_WITHIN_MS = 2_000;
/**
 * Pings in a row on a new socket. A round trip that is measured too long, because the process was busy, makes runs begin
 * before their instant; the shortest of a few is the network's.
 */
const FIRST_SAMPLES = 5;
/** A ping that stays unanswered for longer means that the peer, or the way to it, is gone. */
const PONG_WITHIN_MS = 10_000;

/** One WebSocket to the control plane. */
export type Link = {
  readonly isOpen: () => boolean;
  /** `done` tells whether the frame was handed to the network; it is called exactly once. */
  readonly send: (frame: WorkerFrame, done?: (sent: boolean) => void) => void;
  /** Asks the peer for a sign of life; a socket that gave none since the last ping is cut. */
  readonly ping: () => void;
  readonly close: () => void;
  /** Cuts the socket without a word. */
  readonly terminate: () => void;
};

/** None of them is called before the function that opened the link has returned. */
export type LinkEvents = {
  readonly opened: () => void;
  readonly frame: (frame: ServerFrame) => void;
  readonly roundTrip: (ms: number) => void;
  /** `refused`: the HTTP status with which the upgrade was answered. */
  readonly closed: (end: { readonly refused?: number; readonly detail: string }) => void;
};

export type LinkParams = {
  readonly url: string;
  readonly token: string;
  readonly clock: TimeSource;
  readonly logger: WorkerLogger;
};

export function openLink({ url, token, clock, logger }: LinkParams, events: LinkEvents): Link {
  const socket = new WebSocket(url, {
    headers: { authorization: `Bearer ${token}` },
    handshakeTimeout: CONNECT_WITHIN_MS,
    maxPayload: MAX_MESSAGE_BYTES,
    perMessageDeflate: false,
  });
  let refused: number | undefined;
  let detail = '';
  let pingedAt: number | undefined;
  let samples = 0;
  /** Only a peer that has answered a ping before is judged by its silence. */
  let answersPings = false;

  const ping = (): void => {
    if (socket.readyState !== WebSocket.OPEN) return;
    const now = clock.monotonicMs();
    if (pingedAt !== undefined && answersPings && now - pingedAt > PONG_WITHIN_MS) {
      detail = 'no sign of life from the other side';
      socket.terminate();
    } else if (pingedAt === undefined) {
      pingedAt = now;
      socket.ping();
    }
  };
  socket.on('open', () => {
    ping();
    events.opened();
  });
  socket.on('pong', () => {
    if (pingedAt !== undefined) events.roundTrip(clock.monotonicMs() - pingedAt);
    pingedAt = undefined;
    answersPings = true;
    samples += 1;
    if (samples < FIRST_SAMPLES) ping();
  });
  socket.on('message', (data, isBinary) => {
    const frame = isBinary ? undefined : parse(String(data), logger);
    if (frame !== undefined) events.frame(frame);
  });
  socket.on('unexpected-response', (_request, response) => {
    refused = response.statusCode ?? 0;
    detail = `HTTP ${refused}`;
    socket.terminate();
  });
  // Always followed by 'close'.
  socket.on('error', (error) => {
    if (detail === '') detail = errorText(error);
  });
  socket.on('close', (code, reason) => {
    const end = detail === '' ? `closed by the other side, code ${code} ${String(reason)}`.trimEnd() : detail;
    events.closed(refused === undefined ? { detail: end } : { refused, detail: end });
  });
  return {
    isOpen: () => socket.readyState === WebSocket.OPEN,
    send: (frame, done) => socket.send(JSON.stringify(frame), (error) => done?.(error === undefined || error === null)),
    ping,
    close() {
      socket.close(1000);
      const timer = setTimeout(() => socket.terminate(), CLOSE_WITHIN_MS);
      socket.once('close', () => clearTimeout(timer));
    },
    terminate: () => socket.terminate(),
  };
}

function parse(text: string, logger: WorkerLogger): ServerFrame | undefined {
  try {
    return serverFrame.parse(JSON.parse(text));
  } catch (error) {
    logger.warn('a frame from the control plane was not understood', { error: errorText(error), bytes: text.length });
    return undefined;
  }
}
