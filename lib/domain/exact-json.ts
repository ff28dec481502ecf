/**
 * JSON whose numbers keep the text they were written in: 12345678901234567890 and 1.0 come out of a task as they went
 * in. `JSON.parse` alone would round the first and shorten the second. (Source text access: Node 22 and later.)
 */
type Reviver = (key: string, value: unknown, context: { readonly source?: string }) => unknown;
type ExactJson = {
  readonly parse: (text: string, reviver: Reviver) => unknown;
  /** A value that `JSON.stringify` prints as this text. */
  readonly rawJSON: (text: string) => unknown;
  readonly isRawJSON: (value: unknown) => boolean;
};
const { parse, rawJSON, isRawJSON } = JSON as typeof JSON & ExactJson;

const keepNumberText: Reviver = (_key, value, { source }) =>
  typeof value === 'number' && source !== undefined && source !== String(value) ? rawJSON(source) : value;

/** @throws SyntaxError when the text is not JSON */
export const parseExactJson = (text: string): unknown => parse(text, keepNumberText);

/** The number behind a value that {@link parseExactJson} kept as text; nothing for every other value. */
export const rawNumberText = (value: unknown): string | undefined =>
  isRawJSON(value) ? JSON.stringify(value) : undefined;

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const OPENING: ReadonlySet<number> = new Set([0x5b, 0x7b]);
const CLOSING: ReadonlySet<number> = new Set([0x5d, 0x7d]);

/** Whether arrays and objects nest deeper than `levels`; told before parsing, which would overflow its stack on it. */
export const nestsDeeperThan = (text: string, levels: number): boolean => {
  let depth = 0;
  let inString = false;
  for (let index = 0; index < text.length; index += 1) {
    const code = text.charCodeAt(index);
    if (inString) {
      if (code === BACKSLASH) {
        index += 1;
      } else if (code === QUOTE) {
        inString = false;
      }
    } else if (code === QUOTE) {
      inString = true;
    } else if (OPENING.has(code)) {
      depth += 1;
      if (depth > levels) {
        return true;
      }
    } else if (CLOSING.has(code)) {
      depth -= 1;
    }
  }
  return false;
};
