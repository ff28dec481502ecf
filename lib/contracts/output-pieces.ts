/** How an output that is too long for a result travels: in pieces, each an item of its own beside the run. */
import { MAX_OUTPUT_PIECE_BYTES, MAX_WHOLE_OUTPUT_BYTES } from './limits.ts';

/** UTF-8: a byte that goes on with a character. */
const continues = (byte: number | undefined): boolean => byte !== undefined && (byte & 0xc0) === 0x80;

/** @returns its pieces, in order, each of whole characters; undefined: it is longer than is kept */
export const piecesOf = (text: string): readonly string[] | undefined => {
  const bytes = Buffer.from(text);
  if (bytes.length > MAX_WHOLE_OUTPUT_BYTES) {
    return undefined;
  }
  const pieces: string[] = [];
  for (let at = 0; at < bytes.length; ) {
    let end = Math.min(at + MAX_OUTPUT_PIECE_BYTES, bytes.length);
    while (continues(bytes[end])) {
      end -= 1;
    }
    pieces.push(bytes.toString('utf8', at, end));
    at = end;
  }
  return pieces;
};
