/**
 * What runs write, sent while they run, as `log` frames.
 *
 * A stream is the text of one attempt, counted in UTF-8 bytes from its beginning. It is cut into pieces; each is sent with
 * its position, so what is sent twice is told from what is new, and what is missing shows as a gap (the control plane puts a
 * mark there). Nothing is sent of a run that ends within 2 s: its result says it all, and two frames stay its price.
 */
import type { AttemptRef, RunOrder } from '../contracts/frames.ts';
import { MAX_FRAME_BYTES, MAX_LOG_PIECE_CHARS } from '../contracts/limits.ts';
import { LATE_LOG_MS } from '../domain/timing.ts';
import type { Cancel, Clock } from './clock.ts';
import { jsonBytes } from './text.ts';

/** Each frame is a billed message: what a run writes is gathered for so long, or until it fills one. */
export const LOG_EVERY_MS = 1_000;
/** Full pieces of a run follow each other no faster: functions that handle them at once would overtake each other. */
export const LOG_APART_MS = 100;
/** At its end a run sends so many pieces at once, before its result; what is left follows. */
const PIECES_AT_END = 4;
/** Of each run, while the socket is away or slower than the run: beyond it the oldest is dropped. */
export const MAX_BUFFERED_BYTES = 1024 * 1024;
/** What was handed to a socket this short before it was lost may not have arrived: it is sent again on the next one. */
const UNSURE_MS = 10_000;
/** What a frame has besides its text: session, pool, run and numbers. */
const ENVELOPE_BYTES = 512;

export type RunStream = {
  readonly write: (text: string) => void;
  /** The run has lived for 2 s: from now on what it writes, and has written, is sent. */
  readonly begin: () => void;
  /** The run has ended: the rest is sent. */
  readonly end: () => void;
  /** Nothing of it is wanted any more. */
  readonly drop: () => void;
};

export type StreamingParams = {
  readonly clock: Clock;
  /** Sends one frame, if there is a link; `done` tells whether it was handed to the network. */
  readonly send: (ref: AttemptRef, from: number, text: string, done: (sent: boolean) => void) => boolean;
  /** All that ended runs wrote was sent. */
  readonly onSent: () => void;
};

export type Streaming = {
  /** Of an order that does not ask for its stream, nothing is kept. */
  readonly open: (order: Pick<RunOrder, 'run' | 'attempt' | 'stream'>) => RunStream;
  /** There is a link again: what waits is sent, and before it what may have been lost with the old one. */
  readonly resume: () => void;
  /** Forgets what nobody can want any more. */
  readonly purge: () => void;
  /** Whether something of a run that has ended waits. */
  readonly waits: () => boolean;
};

type Piece = { readonly from: number; text: string; bytes: number; sentAt: number | undefined };
type Stream = RunStream & {
  readonly resume: () => void;
  /** Whether it can be forgotten. */
  readonly isOver: () => boolean;
  readonly waits: () => boolean;
};

const SILENT: RunStream = { write: () => {}, begin: () => {}, end: () => {}, drop: () => {} };

export function createStreaming(params: StreamingParams): Streaming {
  const streams = new Set<Stream>();
  const waits = (): boolean => [...streams].some((stream) => stream.waits());
  return {
    open({ run, attempt, stream: isWanted }) {
      if (isWanted !== true) return SILENT;
      const stream = createStream([run, attempt], params, {
        onSent: () => {
          if (!waits()) params.onSent();
        },
        onDropped: () => streams.delete(stream),
      });
      streams.add(stream);
      return stream;
    },
    resume() {
      for (const stream of streams) stream.resume();
    },
    purge() {
      for (const stream of streams) if (stream.isOver()) stream.drop();
    },
    waits,
  };
}

function createStream(
  ref: AttemptRef,
  { clock, send }: StreamingParams,
  events: { readonly onSent: () => void; readonly onDropped: () => void },
): Stream {
  /** Oldest first. Those that were sent stay for a while, and come before those that were not. */
  const pieces: Piece[] = [];
  let position = 0;
  let buffered = 0;
  let sentAt = Number.NEGATIVE_INFINITY;
  let begun = false;
  let endedAt: number | undefined;
  let timer: Cancel | undefined;

  const forget = (count: number): void => {
    for (const { bytes } of pieces.splice(0, count)) buffered -= bytes;
  };
  const forgetSent = (): void => {
    const surelyBefore = clock.monotonicMs() - UNSURE_MS;
    const kept = pieces.findIndex((piece) => piece.sentAt === undefined || piece.sentAt > surelyBefore);
    forget(kept === -1 ? pieces.length : kept);
  };
  const unsent = (): Piece | undefined => pieces.find((piece) => piece.sentAt === undefined);

  const sendAgain = (from: number): void => {
    for (const piece of pieces) if (piece.from >= from) piece.sentAt = undefined;
  };

  /** In halves, until it fits a frame: a control character takes six bytes in JSON. */
  const fitted = (piece: Piece): Piece => {
    if (jsonBytes(piece.text) <= MAX_FRAME_BYTES - ENVELOPE_BYTES) return piece;
    const [head, tail] = cutAt(piece.text, Math.ceil(piece.text.length / 2));
    const rest = { ...piece, text: tail, bytes: Buffer.byteLength(tail), from: piece.from + Buffer.byteLength(head) };
    piece.text = head;
    piece.bytes -= rest.bytes;
    pieces.splice(pieces.indexOf(piece) + 1, 0, rest);
    return fitted(piece);
  };

  const sendPiece = (piece: Piece): boolean => {
    const { from, text } = fitted(piece);
    const taken = send(ref, from, text, (sent) => {
      // It waits for the next link, with all that follows it.
      if (!sent) sendAgain(from);
    });
    if (!taken) return false;
    piece.sentAt = clock.monotonicMs();
    sentAt = piece.sentAt;
    return true;
  };

  const pump = (): void => {
    timer?.();
    timer = undefined;
    for (let next = unsent(); begun && next !== undefined; next = unsent()) {
      const isFull = endedAt !== undefined || next !== pieces.at(-1) || next.text.length >= MAX_LOG_PIECE_CHARS;
      const wait = sentAt + (isFull ? LOG_APART_MS : LOG_EVERY_MS) - clock.monotonicMs();
      if (wait > 0) {
        timer = clock.startTimer(wait, pump);
        return;
      }
      if (!sendPiece(next)) return;
    }
    if (endedAt !== undefined) events.onSent();
  };

  /** Before the result: it is sent right after this. */
  const sendLast = (): void => {
    for (let count = 0; count < PIECES_AT_END; count += 1) {
      const next = unsent();
      if (next === undefined || !sendPiece(next)) break;
    }
  };

  const openPiece = (): Piece => {
    const piece: Piece = { from: position, text: '', bytes: 0, sentAt: undefined };
    pieces.push(piece);
    return piece;
  };

  const gather = (text: string): void => {
    const last = pieces.at(-1);
    let piece = last === undefined || last.sentAt !== undefined ? openPiece() : last;
    for (let rest = text; rest !== ''; ) {
      const [head, tail] = cutAt(rest, MAX_LOG_PIECE_CHARS - piece.text.length);
      const bytes = Buffer.byteLength(head);
      piece.text += head;
      piece.bytes += bytes;
      position += bytes;
      buffered += bytes;
      rest = tail;
      if (rest !== '') piece = openPiece();
    }
    while (buffered > MAX_BUFFERED_BYTES) forget(1);
  };

  const drop = (): void => {
    timer?.();
    begun = false;
    pieces.length = 0;
    events.onDropped();
  };

  return {
    write(text) {
      if (text === '' || endedAt !== undefined) return;
      const last = pieces.at(-1);
      gather(text.toWellFormed());
      // It waits for its second already, unless a piece has become full.
      if (timer === undefined || pieces.at(-1) !== last || (last?.text.length ?? 0) >= MAX_LOG_PIECE_CHARS) pump();
    },
    begin() {
      begun = true;
      pump();
    },
    end() {
      if (!begun) {
        drop();
        return;
      }
      endedAt = clock.monotonicMs();
      sendLast();
      pump();
    },
    drop,
    resume() {
      forgetSent();
      sendAgain(0);
      if (endedAt !== undefined) sendLast();
      pump();
    },
    isOver() {
      forgetSent();
      if (endedAt === undefined) return false;
      return pieces.length === 0 || clock.monotonicMs() - endedAt > LATE_LOG_MS;
    },
    waits: () => endedAt !== undefined && unsent() !== undefined,
  };
}

/** In two, the first of at most `max` UTF-16 units, and no surrogate pair in halves. */
function cutAt(text: string, max: number): readonly [string, string] {
  const code = text.charCodeAt(max - 1);
  const end = max < text.length && code >= 0xd800 && code <= 0xdbff ? max - 1 : max;
  return [text.slice(0, end), text.slice(end)];
}
