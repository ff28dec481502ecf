/**
 * Conditional writes whose loser learns why, and whose winner knows that it won (rule W1).
 *
 * The SDK repeats a request whose answer was lost. If the first was applied, the repeat fails its own condition, and the
 * writer would believe that it lost (hole H4). So every write stamps `op`, a token of the call: an old item that carries
 * it is our own write.
 */
import { ConditionalCheckFailedException, TransactionCanceledException } from '@aws-sdk/client-dynamodb';
import { unmarshall } from '@aws-sdk/util-dynamodb';

export type Item = Readonly<Record<string, unknown>>;

export type Written =
  /** `item`: as the call returned it (ReturnValues), or, when our own write was found, as it stands. */
  | { readonly kind: 'won'; readonly item: Item | undefined; readonly found: boolean }
  | { readonly kind: 'lost'; readonly item: Item | undefined };

/** The mark of the write that left an item as it is. */
export const opOf = (item: Item | undefined): string | undefined =>
  typeof item?.op === 'string' ? item.op : undefined;

/** Runs a write; a failed condition is a value. lib-dynamodb leaves the item of the exception marshalled. */
export const attemptWrite = async (
  op: string,
  send: () => Promise<{ readonly Attributes?: Item | undefined }>,
): Promise<Written> => {
  try {
    const { Attributes } = await send();
    return { kind: 'won', item: Attributes, found: false };
  } catch (error) {
    if (!(error instanceof ConditionalCheckFailedException)) {
      throw error;
    }
    const item = error.Item === undefined ? undefined : unmarshall(error.Item);
    return item?.op === op ? { kind: 'won', item, found: true } : { kind: 'lost', item };
  }
};

/** Tries of a transaction that met another one on the same item: the SDK does not repeat those. */
const TRANSACTION_TRIES = 5;

/** The same for a transaction of which only the first action has a condition that may fail in normal life. */
export const attemptTransaction = async (op: string, send: () => Promise<unknown>): Promise<Written> => {
  for (let tries = 1; ; tries += 1) {
    try {
      await send();
      return { kind: 'won', item: undefined, found: false };
    } catch (error) {
      const reasons = error instanceof TransactionCanceledException ? (error.CancellationReasons ?? []) : [];
      const [first] = reasons;
      if (first?.Code === 'ConditionalCheckFailed') {
        const item = first.Item === undefined ? undefined : unmarshall(first.Item);
        return item?.op === op ? { kind: 'won', item, found: true } : { kind: 'lost', item };
      }
      if (tries === TRANSACTION_TRIES || !reasons.some(({ Code }) => Code === 'TransactionConflict')) {
        throw error;
      }
    }
  }
};
