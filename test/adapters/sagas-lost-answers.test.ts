/**
 * Rule W1: DynamoDB applied the write, its answer was lost, and the SDK sends the request again. The writer must learn that
 * it won, and nothing may have happened twice.
 */
import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Table } from '../../lib/adapters/dynamodb/client.ts';
import { createSagaExceptionStore } from '../../lib/adapters/dynamodb/sagas/exceptions.ts';
import { createFlowStore } from '../../lib/adapters/dynamodb/sagas/flows.ts';
import { createSagaStore } from '../../lib/adapters/dynamodb/sagas/sagas.ts';
import type { FlowStore, SagaExceptionStore, SagaStore } from '../../lib/application/ports/index.ts';
import type { Saga } from '../../lib/domain/saga/saga.ts';
import { makeTestOp, openDefinitionsTable, openTestTable } from '../support/dynamodb-table.ts';
import { keepAnswers, loseNextAnswer } from '../support/lost-answer.ts';
import { NOW } from '../support/rows.ts';
import {
  aFlow,
  anException,
  aSaga,
  aVersion,
  changedException,
  changedFlow,
  changedSaga,
} from '../support/saga-rows.ts';

let executions: Table;
let definitions: Table;
let sagas: SagaStore;
let exceptions: SagaExceptionStore;
let flows: FlowStore;
beforeAll(async () => {
  [executions, definitions] = [await openTestTable(), await openDefinitionsTable()];
  sagas = createSagaStore(executions, makeTestOp);
  exceptions = createSagaExceptionStore(executions, makeTestOp);
  flows = createFlowStore(definitions, makeTestOp);
});
beforeEach(() => {
  keepAnswers(executions);
  keepAnswers(definitions);
});

/** As after the 10 minutes for which DynamoDB knows a token. */
const forgetToken = (body: string): string => body.replace(/"ClientRequestToken":"op-/, '"ClientRequestToken":"of-');
const TOKENS = [
  ['known', (body: string) => body],
  ['forgotten', forgetToken],
] as const;

const stored = async (): Promise<Saga> => {
  const saga = aSaga();
  await sagas.create(saga, 'nonce');
  return saga;
};

describe.each(TOKENS)('a write of a transaction whose answer was lost, its token %s', (_token, rewrite) => {
  it('was its start: created, and not taken by itself', async () => {
    const saga = aSaga();
    const lost = loseNextAnswer(executions, { rewrite });
    expect(await sagas.create(saga, 'nonce')).toEqual({ kind: 'created' });
    expect(lost.sent()).toBe(2);
    expect(await sagas.get(saga.no, 'consistent')).toEqual(saga);
  });

  it('was its start, and a step has ended since: still created', async () => {
    const saga = aSaga();
    const after = changedSaga(saga, { steps: { pay: { status: 'succeeded', runs: 1 } } });
    loseNextAnswer(executions, { rewrite, meanwhile: () => sagas.commit(saga, after, []) });
    expect(await sagas.create(saga, 'nonce')).toEqual({ kind: 'created' });
    expect(await sagas.get(saga.no, 'consistent')).toEqual(after);
  });

  it('was a commit, with an exception or without: done, once', async () => {
    const saga = await stored();
    const alone = changedSaga(saga);
    loseNextAnswer(executions, { rewrite });
    expect(await sagas.commit(saga, alone, [])).toBe('done');
    const exception = anException(saga);
    const failed = changedSaga(alone, { status: 'failed' });
    const lost = loseNextAnswer(executions, { rewrite });
    expect(await sagas.commit(alone, failed, [{ kind: 'open', exception }])).toBe('done');
    expect(lost.sent()).toBe(2);
    expect(await sagas.get(saga.no, 'consistent')).toEqual(failed);
    expect(await exceptions.get(exception.id)).toEqual(exception);
  });

  it('was another’s, and ours came too late: changed', async () => {
    const saga = await stored();
    const theirs = changedSaga(saga, { status: 'failed' });
    expect(await sagas.commit(saga, theirs, [])).toBe('done');
    expect(await sagas.commit(saga, changedSaga(saga), [])).toBe('changed');
    expect(await sagas.get(saga.no, 'consistent')).toEqual(theirs);
  });

  it('was a note on an exception: done', async () => {
    const saga = await stored();
    const exception = anException(saga);
    await sagas.commit(saga, changedSaga(saga), [{ kind: 'open', exception }]);
    const noted = changedException(exception, { assignee: 'bob' });
    loseNextAnswer(executions, { rewrite });
    expect(await exceptions.write(exception, noted)).toBe('done');
    expect(await exceptions.get(exception.id)).toEqual(noted);
  });

  it('was a further version of a flow: done, and its name counted once', async () => {
    const flow = aFlow();
    const before = await flows.count();
    loseNextAnswer(definitions, { rewrite });
    expect(await flows.create(flow, aVersion(flow))).toBe('created');
    const after = changedFlow(flow, { latest: 2 });
    loseNextAnswer(definitions, { rewrite });
    expect(await flows.write(flow, after, aVersion(flow, { version: 2 }))).toBe('done');
    expect(await flows.get(flow.id)).toEqual(after);
    expect(await flows.count()).toBe(before + 1);
  });
});

it('a fence, a bump and a void mark are there when their answers are lost', async () => {
  const saga = await stored();
  loseNextAnswer(executions);
  await sagas.fence(saga.no, 1);
  const fenced = await sagas.get(saga.no, 'consistent');
  expect(await sagas.commit(saga, changedSaga(saga), [])).toBe('changed');
  loseNextAnswer(executions);
  await sagas.bump(saga.no, 1, fenced?.version ?? 0, 'n');
  expect(await sagas.get(saga.no, 'consistent')).toMatchObject({ g: 2, bumped: { g: 2, nonce: 'n' } });
  const missing = aSaga();
  loseNextAnswer(executions);
  expect(await sagas.voidMissing(missing.no, 'nonce', NOW)).toBe(true);
  expect(await sagas.create(missing, 'nonce')).toEqual({ kind: 'voided' });
});
