/** What is sent to DynamoDB for a log: pure. Head and pieces change together, so nobody reads of text that is not there. */
import type { QueryCommandInput } from '@aws-sdk/lib-dynamodb';
import type { LogHead } from '../../../application/ports/index.ts';
import { fitting } from '../../log-text.ts';
import { type Actions, addItem, isEqual, isNew } from '../actions.ts';
import type { Item } from '../conditional.ts';
import { createExpression } from '../expression.ts';
import type { Params } from '../run-params.ts';
import { toTtl } from '../ttl.ts';
import {
  logHeadKey,
  logListKey,
  logListPartition,
  logListSortKey,
  logPartition,
  pieceKey,
  pieceSortKey,
} from './keys.ts';

/** An item ends at 400 KB. */
const MAX_PIECE_BYTES = 256 * 1024;

/** A head as it was read: with the mark of its last write, and which writing of the text it is the head of. */
export type StoredLog = { readonly head: LogHead; readonly op: string; readonly text: string; readonly ttl: number };

export const decodeLog = (item: Item | undefined): StoredLog | undefined => {
  if (item === undefined) {
    return undefined;
  }
  const { pk: _pk, sk: _sk, op, text, ttl, ...head } = item;
  return { head: head as LogHead, op: String(op), text: String(text), ttl: Number(ttl) };
};

const piecesOf = (bytes: Buffer): readonly Buffer[] => {
  const pieces: Buffer[] = [];
  for (let left = bytes; left.length > 0; ) {
    const piece = fitting(left, MAX_PIECE_BYTES);
    pieces.push(piece);
    left = left.subarray(piece.length);
  }
  return pieces;
};

type Write = {
  readonly before: StoredLog | undefined;
  readonly head: LogHead;
  readonly added: Buffer;
  /** `before`'s to go on with it; another one to begin anew. */
  readonly text: string;
  readonly expiresAt: number;
  readonly op: string;
};

/** A log grows from what was read, or not at all: two who append at once would else reserve the same positions. */
export const writeLogActions = ({ before, head, added, text, expiresAt, op }: Write, TableName: string): Actions => {
  // Not before its pieces, whose times may differ.
  const ttl = Math.max(toTtl(expiresAt), before?.ttl ?? 0);
  const condition = before === undefined ? isNew() : isEqual('op', before.op);
  let position = head.size - added.length;
  const pieces = piecesOf(added).map((piece) => {
    const Item = { ...pieceKey(head.run, text, position), piece: piece.toString(), ttl };
    position += piece.length;
    return { Put: { TableName, Item } };
  });
  return {
    row: { Put: { TableName, Item: { ...head, ...logHeadKey(head.run), op, text, ttl }, ...condition } },
    ...(before === undefined && { listed: addItem(TableName, { ...logListKey(head), ttl }) }),
    ...Object.fromEntries(pieces.map((piece, index) => [`piece ${index}`, piece])),
  };
};

/** The text itself is left to expire: deleting costs what writing did. */
export const removeLogActions = ({ head, op }: StoredLog, TableName: string): Actions => ({
  row: { Delete: { TableName, Key: logHeadKey(head.run), ...isEqual('op', op) } },
  listed: { Delete: { TableName, Key: logListKey(head) } },
});

/** The piece that a position lies in, if it begins before it or there. */
export const pieceAtParams = (run: string, text: string, position: number): Params<QueryCommandInput> =>
  betweenParams(run, pieceSortKey(text, 0), pieceSortKey(text, position), false);

/** Those that begin behind `from` and before `to`. */
export const piecesParams = (run: string, text: string, from: number, to: number): Params<QueryCommandInput> =>
  betweenParams(run, pieceSortKey(text, from + 1), pieceSortKey(text, to - 1), true);

const betweenParams = (run: string, first: string, last: string, ascending: boolean): Params<QueryCommandInput> => {
  const expression = createExpression();
  return {
    KeyConditionExpression: `${expression.name('pk')} = ${expression.value('pk', logPartition(run))} AND ${expression.name('sk')} BETWEEN ${expression.value('first', first)} AND ${expression.value('last', last)}`,
    ScanIndexForward: ascending,
    ...expression.attributes(),
  };
};

export const newestLogsParams = (
  shard: number,
  before: Pick<LogHead, 'run' | 'createdAt'> | undefined,
): Params<QueryCommandInput> => {
  const expression = createExpression();
  const parts = [
    `${expression.name('pk')} = ${expression.value('pk', logListPartition(shard))}`,
    ...(before === undefined
      ? []
      : [`${expression.name('sk')} < ${expression.value('before', logListSortKey(before))}`]),
  ];
  return { KeyConditionExpression: parts.join(' AND '), ScanIndexForward: false, ...expression.attributes() };
};
