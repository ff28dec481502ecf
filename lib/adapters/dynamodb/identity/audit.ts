/**
 * The audit log, and every change that it tells of: one transaction holds both, so neither is there without the other.
 *
 * Whoever loses the race for a place in the chain gets the winner's entry with the refusal and tries for the place after
 * it. A transaction is repeated only when nothing of it happened.
 */
import { randomUUID } from 'node:crypto';
import { TransactionCanceledException } from '@aws-sdk/client-dynamodb';
import { TransactWriteCommand } from '@aws-sdk/lib-dynamodb';
import { unmarshall } from '@aws-sdk/util-dynamodb';
import type { AuditStore } from '../../../application/ports/identity.ts';
import type { AuditDraft, AuditEntry } from '../../../domain/identity/audit.ts';
import { entryAfter } from '../../audit-chain.ts';
import type { Actions } from '../actions.ts';
import type { Table } from '../client.ts';
import type { Item } from '../conditional.ts';
import { pause } from '../pause.ts';
import { queryRows } from '../read.ts';
import { decodeEntry, entryAction, newestEntriesParams } from './audit-params.ts';

/** Places lost in a row before the head is read again: by then the chain is far ahead, or crowded. */
const LOSSES = 3;
/** Beyond, it is a fault. The pauses between them add up to 8.6 s at most; a function has 28 s. */
const ROUNDS_OF_CHANGES = 30;
/** What only records gives up sooner: a crowd of refusals must not keep somebody from revoking a key. */
const ROUNDS_OF_RECORDS = 8;

/** Reasons for which nothing is wrong with the transaction: another one was at the same item, or the table was busy. */
const PASSING = new Set(['TransactionConflict', 'ThrottlingError', 'ProvisionedThroughputExceeded']);

/** `by`: the actions whose conditions failed, each with the item that it met. */
export type Recorded =
  | { readonly kind: 'done' }
  | { readonly kind: 'refused'; readonly by: ReadonlyMap<string, Item | undefined> };

type Sent = Recorded | { readonly kind: 'outrun'; readonly head: AuditEntry | undefined } | { readonly kind: 'again' };

const newest = async (table: Table, before: number | undefined, limit: number): Promise<readonly AuditEntry[]> =>
  (await queryRows(table, newestEntriesParams(before), limit)).flatMap((item) => decodeEntry(item) ?? []);

/**
 * The SDK's own repeats carry the same ClientRequestToken, so a repeat of what was applied succeeds and does nothing. Should
 * DynamoDB no longer know the token (10 min), the entry that stands in the way carries our `op`: it is our own (rule W1).
 */
const send = async ({ client, name }: Table, actions: Actions, entry: AuditEntry, op: string): Promise<Sent> => {
  const TransactItems = [...Object.values(actions), entryAction(entry, op, name)];
  try {
    // A token of its own for each try: another place in the chain is another request.
    await client.send(new TransactWriteCommand({ ClientRequestToken: randomUUID(), TransactItems }));
    return { kind: 'done' };
  } catch (error) {
    const reasons = error instanceof TransactionCanceledException ? (error.CancellationReasons ?? []) : [];
    const lost = reasons.map(({ Code, Item }) =>
      Code === 'ConditionalCheckFailed' ? { item: Item && unmarshall(Item) } : undefined,
    );
    const place = lost[TransactItems.length - 1];
    if (place?.item?.op === op) {
      return { kind: 'done' };
    }
    const by = new Map(
      Object.keys(actions).flatMap((action, index) => {
        const found = lost[index];
        return found === undefined ? [] : [[action, found.item] as const];
      }),
    );
    if (by.size > 0) {
      return { kind: 'refused', by };
    }
    if (place !== undefined) {
      return { kind: 'outrun', head: decodeEntry(place.item) };
    }
    if (reasons.some(({ Code }) => Code !== undefined && PASSING.has(Code))) {
      return { kind: 'again' };
    }
    throw error;
  }
};

/** Carries out all of `actions` and records `draft`, or does nothing at all. */
export const writeRecorded = async (table: Table, actions: Actions, draft: AuditDraft): Promise<Recorded> => {
  const op = randomUUID();
  const rounds = Object.keys(actions).length === 0 ? ROUNDS_OF_RECORDS : ROUNDS_OF_CHANGES;
  for (let round = 1; round <= rounds; round += 1) {
    let [head] = await newest(table, undefined, 1);
    for (let losses = 0; losses < LOSSES; losses += 1) {
      const sent = await send(table, actions, entryAfter(head, draft), op);
      if (sent.kind === 'done' || sent.kind === 'refused') {
        return sent;
      }
      if (sent.kind === 'again') {
        break;
      }
      head = sent.head;
    }
    await pause(round);
  }
  throw new Error(`"${draft.action}" was not recorded in ${rounds} rounds: too many write the audit log at once`);
};

export const createAuditStore = (table: Table): AuditStore => ({
  append: async (draft) => {
    await writeRecorded(table, {}, draft);
  },
  newest: ({ before, limit }) => newest(table, before, limit),
});
