import { GetCommand } from '@aws-sdk/lib-dynamodb';
import { beforeAll, describe } from 'vitest';
import type { Table } from '../../lib/adapters/dynamodb/client.ts';
import { createCountStore } from '../../lib/adapters/dynamodb/counts.ts';
import { exceptionKey } from '../../lib/adapters/dynamodb/keys.ts';
import { createRunStore } from '../../lib/adapters/dynamodb/runs.ts';
import { createSessionStore } from '../../lib/adapters/dynamodb/sessions.ts';
import {
  createConnectionStore,
  createDataStore,
  createExceptionStore,
  createIdempotencyStore,
} from '../../lib/adapters/dynamodb/side-stores.ts';
import { makeTestOp, openTestTable } from '../support/dynamodb-table.ts';
import { runListsSuite } from './run-lists.suite.ts';
import { runMachineSuite } from './run-machine.suite.ts';
import { runRowsSuite } from './run-rows.suite.ts';
import { sessionCreditSuite } from './session-credit.suite.ts';
import { sessionRowsSuite } from './session-rows.suite.ts';
import { sideStoresSuite } from './side-stores.suite.ts';

const openStores = (table: Table) => ({
  runs: createRunStore(table, makeTestOp),
  sessions: createSessionStore(table, makeTestOp),
  data: createDataStore(table),
  connections: createConnectionStore(table),
  idempotency: createIdempotencyStore(table, makeTestOp),
  exceptions: createExceptionStore(table),
  counts: createCountStore(table, makeTestOp),
  exception: async (id: string): Promise<unknown> =>
    (await table.client.send(new GetCommand({ TableName: table.name, Key: exceptionKey(id), ConsistentRead: true })))
      .Item,
});

describe('in DynamoDB', () => {
  let stores: ReturnType<typeof openStores>;
  beforeAll(async () => {
    stores = openStores(await openTestTable());
  });

  runRowsSuite(() => stores);
  runListsSuite(() => stores);
  runMachineSuite(() => stores, { numRuns: 25 });
  sessionRowsSuite(() => stores);
  sessionCreditSuite(() => stores);
  sideStoresSuite(() => stores);
});
