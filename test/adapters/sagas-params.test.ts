/** What is sent to DynamoDB for transactions, word for word: a change of it is a change of a condition, and to be reviewed. */
import { describe, expect, it } from 'vitest';
import {
  bumpSagaParams,
  commitSagaActions,
  createSagaActions,
  fenceSagaParams,
  keepParams,
  newestRowsParams,
  ofFlow,
  ofStatus,
} from '../../lib/adapters/dynamodb/sagas/saga-params.ts';
import { voidParams } from '../../lib/adapters/dynamodb/void-mark.ts';
import type { Saga } from '../../lib/domain/saga/saga.ts';
import { NOW } from '../support/rows.ts';
import { anException, aSaga, changedException, changedSaga } from '../support/saga-rows.ts';

const [OP, TABLE] = ['op-1', 'executions'];
const KEY = { pk: 'SAGA#10', sk: '0000000000000042' };
const SAGA: Saga = aSaga({ no: '42', instance: 'order-1', steps: { pay: { status: 'running', runs: 1 } } });
const DONE = changedSaga(SAGA, {
  ...{ status: 'succeeded', endedAt: NOW, expiresAt: NOW + 1_000 },
  steps: { pay: { status: 'succeeded', runs: 1 } },
});
const FAILED = changedSaga(SAGA, { status: 'failed', direction: 'backward' });
const EXCEPTION = anException(SAGA, { id: '43' });
const HANDLED = changedException(EXCEPTION, { handled: { at: NOW, by: 'user:1', as: 'retried' }, expiresAt: NOW });

const sent: Readonly<Record<string, unknown>> = {
  'start a transaction': createSagaActions(SAGA, 'nonce', OP, TABLE),
  'end a step, and with it the transaction': commitSagaActions(SAGA, DONE, [], OP, TABLE),
  'fail, and tell a person': commitSagaActions(SAGA, FAILED, [{ kind: 'open', exception: EXCEPTION }], OP, TABLE),
  'go on, and call it handled': commitSagaActions(
    FAILED,
    changedSaga(FAILED, { status: 'running', direction: 'forward', steps: {} }),
    [{ kind: 'change', before: EXCEPTION, after: HANDLED }],
    OP,
    TABLE,
  ),
  'fence a transaction': fenceSagaParams('42', 3),
  'bump a transaction': bumpSagaParams('42', 3, 7, 'nonce'),
  'void a missing transaction': voidParams(KEY, 'nonce', NOW),
  'newest of a shard': newestRowsParams('SAGA#10', undefined, undefined),
  'newest of a flow before one': newestRowsParams('SAGA#10', '42', ofFlow('7')),
  'newest that wait for a person': newestRowsParams('SAGA_EXCEPTION#10', undefined, ofStatus('open')),
  'keep a row': keepParams(KEY, NOW / 1_000),
};

describe('what is sent to DynamoDB for transactions', () => {
  it.each(Object.keys(sent))('%s', (name) => {
    expect(sent[name]).toMatchSnapshot();
  });
});
