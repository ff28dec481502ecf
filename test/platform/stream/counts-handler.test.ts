import { marshall } from '@aws-sdk/util-dynamodb';
import type { DynamoDBRecord } from 'aws-lambda';
import { describe, expect, it } from 'vitest';
import { encodeRun } from '../../../lib/adapters/dynamodb/run-codec.ts';
import { encodeException, encodeSaga } from '../../../lib/adapters/dynamodb/sagas/saga-codec.ts';
import type { CountedChange } from '../../../lib/application/api.ts';
import type { Run } from '../../../lib/domain/run.ts';
import { createCountsHandler } from '../../../lib/platform/stream/counts-handler.ts';
import { NOW, runIn } from '../../support/rows.ts';
import { anException, aSaga, changedException, changedSaga } from '../../support/saga-rows.ts';

type Image = NonNullable<DynamoDBRecord['dynamodb']>['NewImage'];
/** A row as the stream shows it. */
const toImage = (item: object): Image => marshall(item, { removeUndefinedValues: true }) as Image;
const imageOf = (run: Run): Image => toImage(encodeRun(run));
const VOID = { pk: { S: 'RUN#1' }, sk: { S: '0000000000000001' }, status: { S: 'void' } };

const told = async (...changes: readonly (readonly [Image | undefined, Image | undefined])[]) => {
  const counted: CountedChange[] = [];
  const handler = createCountsHandler({
    countChanges: async (_shard, batch) => {
      counted.push(...batch);
    },
  });
  await handler({
    shardId: 'shard',
    Records: changes.map(([before, after], index) => ({
      dynamodb: {
        SequenceNumber: String(index + 1),
        ...(before && { OldImage: before }),
        ...(after && { NewImage: after }),
      },
    })),
  });
  return counted;
};

describe('what the stream tells of a run', () => {
  const ready = runIn('ready');
  const counted = { handler: 'send_email', status: 'ready', ofJob: false, createdAt: NOW };

  it('is its creation, its changes of status and its deletion', async () => {
    const failed = runIn('failed');
    expect(
      await told([undefined, imageOf(ready)], [imageOf(ready), imageOf(failed)], [imageOf(failed), undefined]),
    ).toEqual([
      { sequence: 1n, after: counted },
      { sequence: 2n, before: counted, after: { ...counted, status: 'failed', endedAt: failed.endedAt } },
      { sequence: 3n, before: { ...counted, status: 'failed', endedAt: failed.endedAt } },
    ]);
  });

  it('names its handler, whatever it needs, and whether it is of a job', async () => {
    const ofJob = runIn('ready', { id: `42.${NOW}`, job: '42', needs: { tags: ['gpu'] } });
    const withNeeds = runIn('ready', { needs: { tags: ['gpu'] } });
    expect(await told([undefined, imageOf(ofJob)], [undefined, imageOf(withNeeds)])).toEqual([
      { sequence: 1n, after: { ...counted, ofJob: true } },
      { sequence: 2n, after: counted },
    ]);
  });

  it('is nothing where the status stays as it is, or where there is no run', async () => {
    expect(await told([imageOf(ready), imageOf({ ...ready, g: 2 })], [undefined, VOID], [VOID, undefined])).toEqual([]);
    expect(await told([VOID, imageOf(ready)])).toEqual([{ sequence: 1n, after: counted }]);
  });

  it('is a deletion when it is hidden, and nothing afterwards', async () => {
    const hidden = imageOf({ ...ready, hidden: true });
    const gone = imageOf({ ...runIn('cancelled'), hidden: true });
    expect(await told([imageOf(ready), hidden], [hidden, gone], [gone, undefined])).toEqual([
      { sequence: 1n, before: counted },
    ]);
  });
});

describe('what the stream tells of a transaction', () => {
  const saga = aSaga();
  const failed = changedSaga(saga, { status: 'failed', steps: { pay: { status: 'failed', runs: 1 } } });
  const ended = changedSaga(failed, { status: 'succeeded', endedAt: NOW + 5_000, expiresAt: NOW + 9_000 });
  const exception = anException(saga);
  const handled = changedException(exception, { handled: { at: NOW, by: 'user:1', as: 'retried' } });
  const counted = { flow: saga.flow, status: 'running', createdAt: NOW };

  it('is its creation, its changes of status and its deletion', async () => {
    const images = [undefined, saga, changedSaga(saga), failed, ended, undefined].map(
      (row) => row && toImage(encodeSaga(row)),
    );
    expect(await told(...images.slice(1).map((image, index) => [images[index], image] as const))).toEqual([
      { sequence: 1n, saga: { after: counted } },
      { sequence: 3n, saga: { before: counted, after: { ...counted, status: 'failed' } } },
      {
        sequence: 4n,
        saga: {
          before: { ...counted, status: 'failed' },
          after: { ...counted, status: 'succeeded', endedAt: NOW + 5_000 },
        },
      },
      { sequence: 5n, saga: { before: { ...counted, status: 'succeeded', endedAt: NOW + 5_000 } } },
    ]);
  });

  it('is its exceptions, as they are opened and handled', async () => {
    const [open, noted, done] = [exception, changedException(exception, { assignee: 'bob' }), handled].map((row) =>
      toImage(encodeException(row)),
    );
    expect(await told([undefined, open], [open, noted], [noted, done])).toEqual([
      { sequence: 1n, exception: { after: { handled: false, createdAt: NOW } } },
      {
        sequence: 3n,
        exception: { before: { handled: false, createdAt: NOW }, after: { handled: true, createdAt: NOW } },
      },
    ]);
  });

  it('is nothing of the runs of its steps, of void marks and of its instance', async () => {
    const step = imageOf(runIn('failed', { id: `${saga.no}~pay~1` }));
    const mark = { pk: { S: 'SAGA#1' }, sk: { S: '0000000000000001' }, status: { S: 'void' } };
    const instance = { pk: { S: 'INSTANCE#SAGA#1' }, sk: { S: 'INSTANCE' }, no: { S: saga.no } };
    expect(await told([undefined, step], [undefined, mark], [mark, undefined], [undefined, instance])).toEqual([]);
  });
});
