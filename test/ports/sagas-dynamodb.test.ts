import { GetCommand } from '@aws-sdk/lib-dynamodb';
import { beforeAll, describe, expect, it } from 'vitest';
import type { Table } from '../../lib/adapters/dynamodb/client.ts';
import { payloadKey, reportKey } from '../../lib/adapters/dynamodb/keys.ts';
import { createRunStore } from '../../lib/adapters/dynamodb/runs.ts';
import { createSagaExceptionStore } from '../../lib/adapters/dynamodb/sagas/exceptions.ts';
import { createFlowStore } from '../../lib/adapters/dynamodb/sagas/flows.ts';
import { createSagaStore } from '../../lib/adapters/dynamodb/sagas/sagas.ts';
import { createDataStore } from '../../lib/adapters/dynamodb/side-stores.ts';
import type { FlowStore, RunStore, SagaExceptionStore, SagaStore } from '../../lib/application/ports/index.ts';
import { makeTestOp, openDefinitionsTable, openTestTable } from '../support/dynamodb-table.ts';
import { NOW, runIn } from '../support/rows.ts';
import { freshId } from './fresh-id.ts';
import { sagasSuite } from './sagas.suite.ts';
import { flowsSuite } from './sagas-flows.suite.ts';

describe('transactions in DynamoDB', () => {
  const emptyFlows = async () => createFlowStore(await openDefinitionsTable(), makeTestOp);
  let stores: { readonly runs: RunStore; readonly sagas: SagaStore; readonly sagaExceptions: SagaExceptionStore };
  let flows: FlowStore;
  let table: Table;
  beforeAll(async () => {
    table = await openTestTable();
    flows = await emptyFlows();
    stores = {
      runs: createRunStore(table, makeTestOp),
      sagas: createSagaStore(table, makeTestOp),
      sagaExceptions: createSagaExceptionStore(table, makeTestOp),
    };
  });
  sagasSuite(() => stores);
  flowsSuite(() => flows, emptyFlows);

  it('keeps what lies beside the runs, and beside the transaction, as long as the runs', async () => {
    const [no, day] = [freshId(), 86_400_000];
    const run = runIn('succeeded', { id: `${no}~pay~1`, expiresAt: NOW + day });
    const data = createDataStore(table);
    await stores.runs.create(run, 'nonce');
    await data.putPayload(no, '{"big":1}', NOW + day);
    await data.putPayload(run.id, '{}', NOW + 3 * day);
    await data.putReport(run.id, 1, { output: 'long' }, NOW + day);
    await stores.sagas.keepRuns(no, NOW + 2 * day);
    const ends = [payloadKey(no), payloadKey(run.id), reportKey(run.id, 1)].map(async (Key) => {
      const { Item } = await table.client.send(new GetCommand({ TableName: table.name, Key, ConsistentRead: true }));
      return Number(Item?.ttl) * 1_000 - NOW;
    });
    expect(await Promise.all(ends)).toEqual([2 * day, 3 * day, 2 * day]);
  });
});
