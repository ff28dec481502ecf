import type { UserStore } from '../../../application/ports/identity.ts';
import { partitionParams } from '../actions.ts';
import type { Table } from '../client.ts';
import { queryRows, readRow, readRows } from '../read.ts';
import { writeRecorded } from './audit.ts';
import { FIRST_ADMIN_KEY, USER_COUNTS_KEY, USER_LIST, uniqueKey, userIdOf, userKey } from './keys.ts';
import { createUserActions, decodeUser, replaceUserActions } from './user-params.ts';

/** DynamoDB's limit of a partition key. A longer name cannot have been taken, and must not be asked for. */
const MAX_KEY_BYTES = 2_048;

const refusal = (what: string, by: ReadonlyMap<string, unknown>): Error =>
  new Error(`${what} was refused by what cannot stand in its way: ${[...by.keys()].join(', ')}`);

export const createUserStore = (table: Table): UserStore => ({
  get: async (id) => decodeUser(await readRow(table, userKey(id))),

  findHolder: async (name) => {
    const key = uniqueKey(name);
    return Buffer.byteLength(key.pk) > MAX_KEY_BYTES
      ? undefined
      : ((await readRow(table, key))?.holder as string | undefined);
  },

  list: async ({ offset, limit }) => {
    const [listed, counts] = await Promise.all([
      queryRows(table, partitionParams(USER_LIST), offset + limit),
      readRow(table, USER_COUNTS_KEY),
    ]);
    const rows = await readRows(
      table,
      listed.slice(offset).map(({ sk }) => userKey(userIdOf(String(sk)))),
    );
    const users = rows
      .flatMap((row) => decodeUser(row) ?? [])
      // Deleted since the list was read.
      .filter(({ status }) => status !== 'deleted')
      .sort((a, b) => Number(a.id) - Number(b.id));
    return { users, total: Number(counts?.users ?? 0) };
  },

  create: async (user, audit, once) => {
    const written = await writeRecorded(table, createUserActions(user, once, table.name), audit);
    if (written.kind === 'done') {
      return { kind: 'created' };
    }
    if (written.by.has('once')) {
      return { kind: 'done_before' };
    }
    for (const what of ['username', 'email'] as const) {
      if (written.by.has(what)) {
        return { kind: 'taken', what };
      }
    }
    throw refusal(`Creating user ${user.id}`, written.by);
  },

  replace: async (before, after, audit) => {
    const written = await writeRecorded(table, replaceUserActions(before, after, table.name), audit);
    if (written.kind === 'done') {
      return 'done';
    }
    // First of all: what was decided on an old version says nothing of the names and the admins of now.
    const answers = { row: 'changed', username: 'username_taken', email: 'email_taken', counts: 'last_admin' } as const;
    for (const [action, answer] of Object.entries(answers)) {
      if (written.by.has(action)) {
        return answer;
      }
    }
    throw refusal(`Changing user ${after.id}`, written.by);
  },

  hasFirstAdmin: async () => (await readRow(table, FIRST_ADMIN_KEY)) !== undefined,
});
