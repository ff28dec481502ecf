/** How the stores of identity ask DynamoDB, and what they do when it is busy: what no answer of theirs shows. */
import { TransactionCanceledException, TransactionConflictException } from '@aws-sdk/client-dynamodb';
import { DeleteCommand, GetCommand } from '@aws-sdk/lib-dynamodb';
import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Table } from '../../lib/adapters/dynamodb/client.ts';
import { outsideTransactions } from '../../lib/adapters/dynamodb/conflict.ts';
import { apiKeyKey, attemptsKey, loginKey, throttleKey, userKey } from '../../lib/adapters/dynamodb/identity/keys.ts';
import type { Key } from '../../lib/adapters/dynamodb/keys.ts';
import { readRows } from '../../lib/adapters/dynamodb/read.ts';
import type { IdentityStores } from '../../lib/application/ports/identity.ts';
import { MAX_KEYS_PER_USER } from '../../lib/application/ports/identity.ts';
import { entriesAbout, storedUser } from '../ports/identity-tools.ts';
import { openDefinitionsTable, openTestTable } from '../support/dynamodb-table.ts';
import { aDraft, aKey, aLogin, aUser, freshNumber } from '../support/identity-rows.ts';
import { openIdentityStores } from '../support/identity-stores.ts';
import { NOW } from '../support/rows.ts';

type Request = { readonly command: string; readonly input: unknown };
type Answer = (request: Request, next: () => Promise<unknown>) => Promise<unknown>;

let definitions: Table;
let executions: Table;
let stores: IdentityStores;
/** Every request since the test began. */
let requests: Request[];
/** What happens to a request; by default it is carried out. */
let answer: Answer;

beforeAll(async () => {
  [definitions, executions] = [await openDefinitionsTable(), await openTestTable()];
  stores = openIdentityStores(definitions, executions);
  definitions.client.middlewareStack.add(
    (next, { commandName = '' }) =>
      async (args) => {
        const request = { command: commandName.replace('Command', ''), input: args.input };
        requests.push(request);
        let output: Awaited<ReturnType<typeof next>> | undefined;
        const changed = await answer(request, async () => {
          output = await next(args);
          return output.output;
        });
        return output ?? { response: undefined, output: changed as Awaited<ReturnType<typeof next>>['output'] };
      },
    { step: 'initialize', name: 'answer' },
  );
});
beforeEach(() => {
  requests = [];
  answer = (_request, next) => next();
});

const itemAt = async ({ client, name }: Table, key: Key) =>
  (await client.send(new GetCommand({ TableName: name, Key: key, ConsistentRead: true }))).Item;

const countOf = (command: string): number => requests.filter((request) => request.command === command).length;

/** The first `times` requests of a kind are answered by `fake`; an error is thrown. */
const fakeFirst =
  (command: string, times: number, fake: (input: unknown) => unknown): Answer =>
  async (request, next) => {
    if (request.command !== command || countOf(command) > times) {
      return next();
    }
    const faked = fake(request.input);
    if (faked instanceof Error) {
      throw faked;
    }
    return faked;
  };

const conflict = (): Error =>
  new TransactionConflictException({ message: 'Transaction is ongoing for the item', $metadata: {} });
const cancelled = (...codes: readonly string[]): Error =>
  new TransactionCanceledException({
    message: 'Transaction cancelled',
    CancellationReasons: codes.map((Code) => ({ Code })),
    $metadata: {},
  });

describe('looking up a credential', () => {
  it('is one strongly consistent request for both rows', async () => {
    const user = await storedUser(stores);
    const [key, login] = [aKey(user.id), aLogin(user.id)];
    await stores.keys.create(key, aDraft());
    await stores.logins.create(login, aDraft());
    requests = [];
    expect((await stores.credentials.key(user.id, key.id)).key).toEqual(key);
    expect((await stores.credentials.login(user.id, login.id)).login).toEqual(login);
    const asking = (...Keys: readonly Key[]) => ({
      command: 'BatchGetItem',
      input: { RequestItems: { [definitions.name]: { Keys, ConsistentRead: true } } },
    });
    expect(requests).toEqual([asking(userKey(user.id), apiKeyKey(key)), asking(userKey(user.id), loginKey(login))]);
  });

  const unread = (input: unknown) => ({ UnprocessedKeys: (input as { RequestItems: unknown }).RequestItems });

  it('asks again for what was not read', async () => {
    const user = await storedUser(stores);
    answer = fakeFirst('BatchGetItem', 3, unread);
    expect((await stores.credentials.login(user.id, 'none')).user).toEqual(user);
    expect(countOf('BatchGetItem')).toBe(4);
  });

  it('is a fault when the table does not answer: nobody is let in or turned away by half an answer', async () => {
    answer = fakeFirst('BatchGetItem', 100, unread);
    await expect(stores.credentials.login('1', 'none')).rejects.toThrow('2 of 2 rows were not read');
    expect(countOf('BatchGetItem')).toBe(5);
  });
});

describe('reading many rows', () => {
  it('asks for 100 at a time, which is all that DynamoDB takes', async () => {
    const user = await storedUser(stores);
    const keys = Array.from({ length: 249 }, (_, index) => userKey(`none-${index}`));
    expect(await readRows(definitions, [...keys, userKey(user.id)])).toEqual([expect.objectContaining(user)]);
    expect(countOf('BatchGetItem')).toBe(3);
  });

  it('goes on where a page of DynamoDB ends', async () => {
    for (let written = 0; written < 4; written += 1) {
      await stores.audit.append(aDraft());
    }
    const entries = await stores.audit.newest({ limit: 4 });
    requests = [];
    answer = (request, next) => {
      // As if each entry were a page of 1 MB.
      Object.assign(request.input as object, { Limit: 1 });
      return next();
    };
    expect(await stores.audit.newest({ limit: 4 })).toEqual(entries);
    expect(countOf('Query')).toBe(4);
  });
});

describe('a change that meets another one', () => {
  it('follows the entry that took its place, which it need not read', async () => {
    const audit = aDraft();
    answer = async (_request, next) => {
      if (countOf('TransactWriteItems') === 1) {
        answer = (_rival, carryOn) => carryOn();
        await stores.audit.append(aDraft());
      }
      return next();
    };
    await stores.audit.append(audit);
    // Each of the two looked for the head once; the loser wrote twice.
    expect(countOf('Query')).toBe(2);
    expect(countOf('TransactWriteItems')).toBe(3);
    expect(await entriesAbout(stores, audit.entity)).toBe(1);
  });

  it.each(['TransactionConflict', 'ThrottlingError', 'ProvisionedThroughputExceeded'])(
    'is made again after %s, as another request',
    async (code) => {
      const [user, audit] = [await storedUser(stores), aDraft()];
      requests = [];
      answer = fakeFirst('TransactWriteItems', 3, () => cancelled('None', code, 'None'));
      expect(await stores.keys.create(aKey(user.id), audit)).toBe('created');
      expect(await entriesAbout(stores, audit.entity)).toBe(1);
      const tokens = requests
        .filter(({ command }) => command === 'TransactWriteItems')
        .map(({ input }) => (input as { ClientRequestToken: string }).ClientRequestToken);
      expect(new Set(tokens).size).toBe(4);
    },
  );

  it('is not made again when something is wrong with it', async () => {
    answer = fakeFirst('TransactWriteItems', 100, () => cancelled('None', 'ValidationError', 'None'));
    await expect(stores.keys.create(aKey('1'), aDraft())).rejects.toThrow('Transaction cancelled');
    answer = fakeFirst('TransactWriteItems', 100, () => new Error('no network'));
    await expect(stores.audit.append(aDraft())).rejects.toThrow('no network');
    expect(countOf('TransactWriteItems')).toBe(2);
  });

  it('is told that it was refused, even where a conflict stood beside the refusal', async () => {
    answer = fakeFirst('TransactWriteItems', 100, () =>
      cancelled('None', 'ConditionalCheckFailed', 'TransactionConflict'),
    );
    expect(await stores.users.create(aUser(), aDraft())).toEqual({ kind: 'taken', what: 'username' });
    expect(countOf('TransactWriteItems')).toBe(1);
  });
});

describe('a write beside transactions', () => {
  it('is tried again while one is at its row, and in the end fails as it was told', async () => {
    let left = 4;
    const write = async (): Promise<string> => {
      left -= 1;
      if (left >= 0) {
        throw conflict();
      }
      return 'written';
    };
    expect(await outsideTransactions(write)).toBe('written');
    left = 5;
    await expect(outsideTransactions(write)).rejects.toThrow('Transaction is ongoing');
  });
});

describe('what expires', () => {
  const DAY_MS = 86_400_000;
  const ttlAt = async (table: Table, key: Key): Promise<unknown> => (await itemAt(table, key))?.ttl;

  it('says so in seconds: logins, keys a month later, tries and throttles', async () => {
    const { id } = await storedUser(stores);
    const login = aLogin(id, { expiresAt: NOW + DAY_MS + 1 });
    await stores.logins.create(login, aDraft());
    expect(await ttlAt(definitions, loginKey(login))).toBe((NOW + DAY_MS) / 1_000 + 1);
    await stores.logins.rotate(login, { now: NOW, expiresAt: NOW + 2 * DAY_MS }, aDraft());
    expect(await ttlAt(definitions, loginKey(login))).toBe((NOW + 2 * DAY_MS) / 1_000);

    const [lasting, expiring] = [aKey(id), aKey(id, { expiresAt: NOW })];
    await stores.keys.create(lasting, aDraft());
    await stores.keys.create(expiring, aDraft());
    expect(await ttlAt(definitions, apiKeyKey(lasting))).toBeUndefined();
    expect(await ttlAt(definitions, apiKeyKey(expiring))).toBe((NOW + 30 * DAY_MS) / 1_000);
    await stores.keys.replace(expiring, { ...lasting, id: expiring.id, version: 2 }, aDraft());
    expect(await ttlAt(definitions, apiKeyKey(expiring))).toBeUndefined();

    const account = `account:${freshNumber()}`;
    await stores.attempts.count(account, { max: 5, windowMs: 60_000, now: NOW });
    await stores.attempts.uncount(account, NOW);
    expect(await ttlAt(definitions, attemptsKey(account))).toBe((NOW + 60_000) / 1_000);

    for (const tokens of [1, 2]) {
      await stores.throttle.take('key:1', { tokens, intervalMs: 10, burst: 100, now: NOW });
      // A full bucket is as good as none, once all clocks have come that far.
      expect(await ttlAt(executions, throttleKey('key:1'))).toBe((NOW + 1_000 + 60_000) / 1_000);
    }
    expect(await ttlAt(definitions, userKey(id))).toBeUndefined();
  });

  it('makes room for other keys, though DynamoDB tells nobody', async () => {
    const { id: owner } = await storedUser(stores, { keys: MAX_KEYS_PER_USER - 2 });
    const [expired, kept] = [aKey(owner, { expiresAt: NOW }), aKey(owner)];
    await stores.keys.create(expired, aDraft());
    await stores.keys.create(kept, aDraft());
    await definitions.client.send(new DeleteCommand({ TableName: definitions.name, Key: apiKeyKey(expired) }));
    expect(await stores.users.get(owner)).toMatchObject({ keys: MAX_KEYS_PER_USER });
    expect(await stores.keys.create(aKey(owner), aDraft())).toBe('created');
    expect(await stores.users.get(owner)).toMatchObject({ keys: 2 });
  });
});
