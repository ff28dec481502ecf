/** Calls back with each line of a stream; a last line without its newline counts too. */
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';

export const onLines = (stream: Readable, take: (line: string) => void): void => {
  createInterface({ input: stream, crlfDelay: Number.POSITIVE_INFINITY }).on('line', take);
};
