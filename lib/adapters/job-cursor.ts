/** Where a list of jobs goes on: the place of the last one seen, as text that a client hands back. */
import type { JobIndex } from '../application/ports/index.ts';
import { isPlainId } from '../domain/ids.ts';
import { wordsOf } from '../domain/job/words.ts';

/** A job's place in an index: by a value that it has there (a name, an instant, a word), then by id. */
export type Place = { readonly id: string; readonly value?: string | number };

/** DynamoDB takes no sort key above this. */
const MAX_VALUE_BYTES = 1_024;
/** A word's sort key has `#` and an id of 16 digits behind the word. */
const MAX_WORD_BYTES = MAX_VALUE_BYTES - 17;

const VALUE_TYPES: Readonly<Record<JobIndex['by'], 'string' | 'number' | undefined>> = {
  creation: undefined,
  project: undefined,
  category: undefined,
  state: undefined,
  name: 'string',
  update: 'number',
  word: 'string',
};

export const encodeCursor = ({ id, value }: Place): string =>
  Buffer.from(JSON.stringify(value === undefined ? [id] : [id, value])).toString('base64url');

const parse = (text: string): unknown => {
  try {
    return JSON.parse(Buffer.from(text, 'base64url').toString());
  } catch {
    return undefined;
  }
};

const isValue = (value: unknown): value is string | number =>
  typeof value === 'string' ? value !== '' && Buffer.byteLength(value) <= MAX_VALUE_BYTES : Number.isSafeInteger(value);

/** Undefined where it is none of this index. */
export const decodeCursor = (index: JobIndex, cursor: string): Place | undefined => {
  const parsed = parse(cursor);
  const [id, value, ...rest]: readonly unknown[] = Array.isArray(parsed) ? parsed : [];
  if (typeof id !== 'string' || !isPlainId(id) || rest.length > 0) {
    return undefined;
  }
  const type = VALUE_TYPES[index.by];
  if (type === undefined) {
    return value === undefined ? { id } : undefined;
  }
  if (typeof value !== type || !isValue(value)) {
    return undefined;
  }
  // DynamoDB refuses a start outside of what is asked for.
  const isInside =
    index.by !== 'word' ||
    (String(value).startsWith(wordsOf(index.prefix)[0] ?? '') && Buffer.byteLength(String(value)) <= MAX_WORD_BYTES);
  return isInside ? { id, value } : undefined;
};
