/** What an append does to a log: one computation for every store, over UTF-8 bytes, cut between characters only. */
import type { LogHead, LogStore } from '../application/ports/index.ts';
import { MAX_LOG_BYTES } from '../contracts/limits.ts';

/** API A's word for what is kept in the database, as all of it is here. */
const DEFAULT_STORAGE = 'db';

const FULL_MARK = Buffer.from('\n[The log is full: what came after is not kept.]\n');

const isInside = (bytes: Uint8Array, at: number): boolean => ((bytes[at] ?? 0) & 0xc0) === 0x80;

/** As much of it as `most` bytes hold. */
export const fitting = (bytes: Buffer, most: number): Buffer => {
  let end = Math.min(most, bytes.length);
  while (end > 0 && isInside(bytes, end)) {
    end -= 1;
  }
  return bytes.subarray(0, end);
};

/** From a position on; of a character that begins before it, nothing. */
export const startingAt = (bytes: Buffer, at: number): Buffer => {
  let begin = Math.min(Math.max(0, at), bytes.length);
  while (isInside(bytes, begin)) {
    begin += 1;
  }
  return bytes.subarray(begin);
};

/** A lone half of a surrogate pair has no UTF-8. */
export const toBytes = (text: string): Buffer => Buffer.from(text.toWellFormed());

type AppendOptions = Parameters<LogStore['append']>[2];

export const emptyHead = (
  run: string,
  { storage = DEFAULT_STORAGE, now }: Pick<AppendOptions, 'storage' | 'now'>,
): LogHead => ({
  ...{ run, storage, size: 0, truncated: false, createdAt: now, updatedAt: now, streamed: {} },
});

/**
 * @param head the log as it is; absent: there is none yet
 * @returns the head afterwards and the bytes that it grows by; undefined where there is nothing to write
 */
export const planAppend = (
  run: string,
  head: LogHead | undefined,
  text: string,
  as: AppendOptions,
): { readonly head: LogHead; readonly added: Buffer } | undefined => {
  const { stream, storage, now } = as;
  const before = head ?? emptyHead(run, as);
  const bytes = toBytes(text);
  const attempt = String(stream?.attempt);
  const arrived = stream === undefined ? 0 : Math.max(0, (before.streamed[attempt] ?? 0) - stream.from);
  const fresh = startingAt(bytes, arrived);
  if (head !== undefined && (fresh.length === 0 || head.truncated)) {
    return undefined;
  }
  const isFull = before.size + fresh.length > MAX_LOG_BYTES;
  const room = MAX_LOG_BYTES - before.size - FULL_MARK.length;
  const added = isFull ? Buffer.concat([fitting(fresh, Math.max(0, room)), FULL_MARK]) : fresh;
  return {
    added,
    head: {
      ...before,
      storage: storage ?? before.storage,
      size: before.size + added.length,
      truncated: isFull,
      updatedAt: now,
      streamed: stream === undefined ? before.streamed : { ...before.streamed, [attempt]: stream.from + bytes.length },
    },
  };
};

/** Text in place of all there is: what has been streamed counts as arrived. */
export const planReplace = (
  run: string,
  head: LogHead | undefined,
  text: string,
  as: Omit<AppendOptions, 'stream'>,
): { readonly head: LogHead; readonly added: Buffer } => {
  const added = fitting(toBytes(text), MAX_LOG_BYTES);
  const before = head ?? emptyHead(run, as);
  return {
    added,
    head: {
      ...before,
      storage: as.storage ?? before.storage,
      size: added.length,
      truncated: false,
      updatedAt: as.now,
    },
  };
};

/** A stretch of a log, and where it begins. */
export type Stretch = { readonly at: number; readonly bytes: Buffer };

/** Text of stretches that follow each other, from a position on: at most `most` bytes, but one character where that is longer. */
export const textFrom = (
  stretches: readonly Stretch[],
  from: number,
  most: number,
): { readonly text: string; readonly next: number } => {
  const [first] = stretches;
  if (first === undefined) {
    return { text: '', next: from };
  }
  const bytes = Buffer.concat(stretches.map((stretch) => stretch.bytes));
  const rest = startingAt(bytes, from - first.at);
  const start = first.at + bytes.length - rest.length;
  const cut = fitting(rest, most);
  const part = cut.length === 0 ? rest.subarray(0, Math.max(1, characterLength(rest))) : cut;
  return { text: part.toString(), next: start + part.length };
};

const characterLength = (bytes: Buffer): number => {
  let end = 1;
  while (end < bytes.length && isInside(bytes, end)) {
    end += 1;
  }
  return Math.min(end, bytes.length);
};
