/**
 * A change of a row and of what belongs to it. The row carries the mark of the write (rule W1): the SDK's own repeats of a
 * transaction carry the same ClientRequestToken, so a repeat of what was applied succeeds and does nothing; should DynamoDB
 * no longer know the token (10 min), or the row be all there is to write, the row that stands in the way carries our `op`.
 */
import { TransactionCanceledException } from '@aws-sdk/client-dynamodb';
import { TransactWriteCommand, UpdateCommand } from '@aws-sdk/lib-dynamodb';
import { unmarshall } from '@aws-sdk/util-dynamodb';
import type { Actions } from './actions.ts';
import type { Table } from './client.ts';
import { attemptWrite, type Item } from './conditional.ts';
import { outsideTransactions } from './conflict.ts';
import { pause } from './pause.ts';

/** Reasons for which nothing is wrong with the transaction: another one was at the same item, or the table was busy. */
const PASSING = new Set(['TransactionConflict', 'ThrottlingError', 'ProvisionedThroughputExceeded']);
/** The pauses between so many rounds add up to 2.4 s at most; a function has 28 s. */
const ROUNDS = 12;

/** `by`: the actions whose conditions failed, each with the item that it met. */
export type Transacted =
  | { readonly kind: 'done' }
  | { readonly kind: 'refused'; readonly by: ReadonlyMap<string, Item | undefined> };

const refusalOf = (error: unknown, actions: Actions, op: string): Transacted | 'again' => {
  const reasons = error instanceof TransactionCanceledException ? (error.CancellationReasons ?? []) : [];
  const by = new Map(
    Object.keys(actions).flatMap((action, index) => {
      const reason = reasons[index];
      return reason?.Code === 'ConditionalCheckFailed'
        ? [[action, reason.Item && unmarshall(reason.Item)] as const]
        : [];
    }),
  );
  if (by.get('row')?.op === op) {
    return { kind: 'done' };
  }
  if (by.size > 0) {
    return { kind: 'refused', by };
  }
  if (reasons.some(({ Code }) => Code !== undefined && PASSING.has(Code))) {
    return 'again';
  }
  throw error;
};

/** Carries out all of `actions`, of which `row` writes `op`, or none. */
export const transact = async ({ client }: Table, actions: Actions, op: string): Promise<Transacted> => {
  for (let round = 1; ; round += 1) {
    try {
      await client.send(new TransactWriteCommand({ ClientRequestToken: op, TransactItems: Object.values(actions) }));
      return { kind: 'done' };
    } catch (error) {
      const refused = refusalOf(error, actions, op);
      if (refused !== 'again') {
        return refused;
      }
      if (round === ROUNDS) {
        throw error;
      }
      await pause(round);
    }
  }
};

/** The same; where the row is all that changes, a plain update, which costs half of a transaction. */
export const writeAll = async (table: Table, actions: Actions, op: string): Promise<Transacted> => {
  const update = actions.row?.Update;
  if (update === undefined || Object.keys(actions).length > 1) {
    return transact(table, actions, op);
  }
  const written = await attemptWrite(op, () => outsideTransactions(() => table.client.send(new UpdateCommand(update))));
  return written.kind === 'won' ? { kind: 'done' } : { kind: 'refused', by: new Map([['row', written.item]]) };
};
