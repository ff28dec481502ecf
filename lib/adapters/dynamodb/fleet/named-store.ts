import type { QueryCommandInput } from '@aws-sdk/lib-dynamodb';
import type { Actions } from '../actions.ts';
import type { Table } from '../client.ts';
import { LISTED_INDEX } from '../definition-indexes.ts';
import { createExpression } from '../expression.ts';
import { isKey } from '../key-limits.ts';
import type { Key } from '../keys.ts';
import { queryRows, readRow, readRows } from '../read.ts';
import type { Params } from '../run-params.ts';
import { transact, writeAll } from '../transact.ts';
import { createNamedActions, decodeNamed, type NamedRow, type Naming, writeNamedActions } from './named-params.ts';

type ListQuery = {
  readonly deleted: boolean;
  readonly descending?: boolean;
  readonly after?: string;
  readonly limit: number;
};

const listParams = (
  list: string,
  descending: boolean,
  from: Params<QueryCommandInput>['ExclusiveStartKey'],
): Params<QueryCommandInput> => {
  const expression = createExpression();
  return {
    IndexName: LISTED_INDEX,
    KeyConditionExpression: `${expression.name('list')} = ${expression.value('list', list)}`,
    ScanIndexForward: !descending,
    ...(from && { ExclusiveStartKey: from }),
    ...expression.attributes(),
  };
};

/** @param makeOp a fresh token for each call (rule W1) */
export const createNamedStore = <T extends NamedRow>(table: Table, naming: Naming<T>, makeOp: () => string) => {
  const tableName = table.name;
  const get = async (id: string): Promise<T | undefined> => {
    const key = naming.keyOf(id);
    return isKey(key) ? decodeNamed<T>(await readRow(table, key)) : undefined;
  };

  return {
    get,

    /** @param also what is written with the row */
    create: async (row: T, also: Actions = {}): Promise<'created' | 'exists' | 'taken'> => {
      const op = makeOp();
      const written = await transact(table, createNamedActions(naming, row, op, tableName, also), op);
      if (written.kind === 'done') {
        return 'created';
      }
      return written.by.has('row') ? 'exists' : 'taken';
    },

    findId: async (name: string): Promise<string | undefined> => {
      const key = naming.nameKey(name);
      return isKey(key) ? ((await readRow(table, key))?.holder as string | undefined) : undefined;
    },

    write: async (before: T, after: T, also: Actions = {}): Promise<'done' | 'changed' | 'taken'> => {
      const op = makeOp();
      const written = await writeAll(table, writeNamedActions(naming, before, after, op, tableName, also), op);
      if (written.kind === 'done') {
        return 'done';
      }
      return written.by.has('row') || !written.by.has('name') ? 'changed' : 'taken';
    },

    list: async ({ deleted, descending = false, after, limit }: ListQuery): Promise<readonly T[]> => {
      const list = (deleted ? naming.lists.deleted : naming.lists.living) ?? '';
      const last = after === undefined ? undefined : await get(after);
      if (after !== undefined && last === undefined) {
        return [];
      }
      let from = last && { ...naming.keyOf(last.id), list, place: naming.placeOf(last) };
      const rows: T[] = [];
      for (;;) {
        const wanted = limit - rows.length;
        const listed = await queryRows(table, listParams(list, descending, from), wanted, 'eventual');
        const keys = listed.map(({ pk, sk }): Key => ({ pk: String(pk), sk: String(sk) }));
        const found = (await readRows(table, keys)).flatMap((row) => decodeNamed<T>(row) ?? []);
        const order = new Map(keys.map(({ pk }, index) => [pk, index]));
        rows.push(
          ...found
            // The index may lag behind a row that was deleted, or came back.
            .filter(({ deletedAt }) => (deletedAt !== undefined) === deleted)
            .sort((a, b) => (order.get(naming.keyOf(a.id).pk) ?? 0) - (order.get(naming.keyOf(b.id).pk) ?? 0)),
        );
        const end = listed.at(-1);
        if (end === undefined || listed.length < wanted || rows.length >= limit) {
          return rows;
        }
        from = { pk: String(end.pk), sk: String(end.sk), list, place: String(end.place) };
      }
    },

    count: async (): Promise<number> => Number((await readRow(table, naming.count))?.count ?? 0),
  };
};
