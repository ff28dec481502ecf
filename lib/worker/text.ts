/** Cutting long texts so that a reader still sees how they begin, how they end, and how much is missing. */

const MARK = /\n… \[cut: (\d+) characters\]\n/;
const mark = (characters: number): string => `\n… [cut: ${characters} characters]\n`;
const isHighSurrogate = (code: number): boolean => code >= 0xd800 && code <= 0xdbff;
const isLowSurrogate = (code: number): boolean => code >= 0xdc00 && code <= 0xdfff;

const LONGEST_MARK = mark(Number.MAX_SAFE_INTEGER).length;

/** Beginning of `head` and end of `tail` that leave room for the mark within `max` UTF-16 units. */
function keep(head: string, tail: string, max: number): readonly [string, string] {
  const room = Math.max(0, max - LONGEST_MARK);
  let headEnd = Math.ceil(room / 2);
  let tailStart = tail.length - Math.floor(room / 2);
  // Half of a surrogate pair is no character: JSON carries it as an escape, a terminal shows garbage.
  if (isHighSurrogate(head.charCodeAt(headEnd - 1))) headEnd -= 1;
  if (isLowSurrogate(tail.charCodeAt(tailStart))) tailStart += 1;
  return [head.slice(0, headEnd), tail.slice(tailStart)];
}

/** Head and tail of `text` within `max` UTF-16 units, or `text` itself. A text that was cut before keeps one mark. */
export function cutMiddle(text: string, max: number): string {
  if (text.length <= max) return text;
  const [head, tail] = keep(text, text, max);
  const removed = text.slice(head.length, text.length - tail.length);
  const earlier = MARK.exec(removed);
  const count = removed.length + (earlier === null ? 0 : Number(earlier[1]) - earlier[0].length);
  return (head + mark(count) + tail).slice(0, max);
}

/** Size of a text inside a JSON document, quotes and escapes included. */
export const jsonBytes = (text: string): number => Buffer.byteLength(JSON.stringify(text));

/** As `cutMiddle`, by the bytes that the text takes inside JSON: a control character takes six. */
export function cutToJsonBytes(text: string, maxBytes: number): string {
  let cut = text;
  for (let bytes = jsonBytes(cut); bytes > maxBytes && cut !== ''; bytes = jsonBytes(cut)) {
    cut = cutMiddle(text, Math.floor(cut.length * Math.min(0.95, maxBytes / bytes)));
  }
  return cut;
}

/** Collects a stream of text in bounded memory: its first and last `max` units. */
export type HeadTail = {
  readonly push: (chunk: string) => void;
  /** What was collected, cut to `max`. */
  readonly read: () => string;
};

export function createHeadTail(max: number): HeadTail {
  let head = '';
  let tail = '';
  let total = 0;
  return {
    push(chunk) {
      total += chunk.length;
      const room = max - head.length;
      head += chunk.slice(0, room);
      tail += chunk.slice(room).slice(-max);
      // Trimmed at twice the size, so that each character is copied about once however small the chunks are.
      if (tail.length > 2 * max) tail = tail.slice(-max);
    },
    read() {
      if (total <= max) return head;
      const [first, last] = keep(head, head + tail, max);
      return first + mark(total - first.length - last.length) + last;
    },
  };
}
