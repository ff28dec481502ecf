/** What transactions cost in units of DynamoDB, as it bills them: counted on the table as it is deployed. */
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { beforeAll, describe, expect, inject, it } from 'vitest';
import { openTable } from '../../lib/adapters/dynamodb/client.ts';
import { createSagaStore } from '../../lib/adapters/dynamodb/sagas/sagas.ts';
import type { SagaStore } from '../../lib/application/ports/index.ts';
import type { Saga } from '../../lib/domain/saga/saga.ts';
import { makeTestOp, openTestTable } from '../support/dynamodb-table.ts';
import { createMeter, meterDynamodb } from '../support/meter.ts';
import { anException, aSaga, changedSaga } from '../support/saga-rows.ts';

const meter = createMeter();
let sagas: SagaStore;
beforeAll(async () => {
  const table = await openTestTable();
  const { endpoint } = inject('dynamodb');
  const client = new DynamoDBClient({ endpoint, region: 'us-east-1', credentials: table.client.config.credentials });
  sagas = createSagaStore(openTable(table.name, meterDynamodb(meter, client)), makeTestOp);
});

/** Write units of all that `work` does, those of indexes among them. */
const writesOf = async (work: () => Promise<unknown>) => {
  meter.reset();
  await work();
  const uses = meter.uses();
  const sum = (chosen: typeof uses) => chosen.reduce((total, { writes }) => total + writes, 0);
  return { writes: sum(uses), indexWrites: sum(uses.filter(({ target }) => target?.startsWith('index'))) };
};

const STEPS = ['reserve', 'charge', 'ship', 'notify', 'close'];
const begun = (): Saga =>
  aSaga({
    params: JSON.stringify({ charge: { note: 'x'.repeat(180) } }),
    steps: Object.fromEntries(STEPS.map((step) => [step, { status: 'running', runs: 1 }])),
  });

describe('the write units of a transaction', () => {
  it('are one for a step that ends, and none for an index', async () => {
    const saga = begun();
    await sagas.create(saga, 'nonce');
    const after = changedSaga(saga, { steps: { ...saga.steps, charge: { status: 'succeeded', runs: 1 } } });
    expect(await writesOf(() => sagas.commit(saga, after, []))).toEqual({ writes: 1, indexWrites: 0 });
  });

  it('are two for each of three entries at its start: the row, the name of its instance, the list of its flow', async () => {
    expect(await writesOf(() => sagas.create(begun(), 'nonce'))).toEqual({ writes: 6, indexWrites: 2 });
  });

  it('are those of a transaction where it fails: row and exception, and the lists that both are in', async () => {
    const saga = begun();
    await sagas.create(saga, 'nonce');
    const exception = anException(saga);
    const failed = changedSaga(saga, { status: 'failed' });
    const units = await writesOf(() => sagas.commit(saga, failed, [{ kind: 'open', exception }]));
    expect(units).toEqual({ writes: 2 * (2 + 3), indexWrites: 2 * 3 });
  });
});
