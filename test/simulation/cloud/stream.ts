/** The table's stream and its consumer: every change of a row that counts, in order for each shard, once or more often. */

import type { DynamoDBRecord } from 'aws-lambda';
import { runFamily, runOrder, runShard } from '../../../lib/domain/ids.ts';
import type { Run } from '../../../lib/domain/run.ts';
import type { Saga, SagaException } from '../../../lib/domain/saga/saga.ts';
import type { WindowedStreamEvent } from '../../../lib/platform/stream/counts-handler.ts';
import type { Basics } from '../basics.ts';
import type { Ended } from './ended.ts';

/** As the stack sets it: lib/infrastructure/stacks/realtime-stack.ts. */
const BATCH_WINDOW_MS = 4_000;
const SHARDS = 2;
const AGAIN_MS = 1_000;

type Surroundings = Pick<Basics, 'timeline' | 'chance' | 'faults'> & {
  readonly deliver: (event: WindowedStreamEvent) => Promise<Ended<unknown>>;
};

type Image = NonNullable<NonNullable<DynamoDBRecord['dynamodb']>['NewImage']>;

const imageOfRun = (run: Run): Image => ({
  pk: { S: 'RUN#0' },
  sk: { S: runOrder(run.id) },
  handler: { S: run.handler },
  status: { S: run.status },
  createdAt: { N: String(run.createdAt) },
  ...(run.endedAt === undefined ? {} : { endedAt: { N: String(run.endedAt) } }),
  ...(run.hidden === undefined ? {} : { hidden: { BOOL: true } }),
});
const imageOfSaga = (saga: Saga): Image => ({
  pk: { S: 'SAGA#0' },
  origin: { S: saga.flow },
  status: { S: saga.status },
  createdAt: { N: String(saga.createdAt) },
  ...(saga.endedAt === undefined ? {} : { endedAt: { N: String(saga.endedAt) } }),
});
const imageOfException = (exception: SagaException): Image => ({
  pk: { S: 'SAGA_EXCEPTION#0' },
  at: { N: String(exception.at) },
  ...(exception.handled === undefined ? { listedStatus: { S: 'open' } } : {}),
});

export const createStream = ({ timeline, chance, faults, deliver }: Surroundings) => {
  const shards = Array.from({ length: SHARDS }, () => ({ records: [] as DynamoDBRecord[], busy: false }));
  let sequence = 0;

  const consume = async (index: number): Promise<void> => {
    const shard = shards[index];
    if (shard === undefined || shard.busy || shard.records.length === 0) {
      return;
    }
    shard.busy = true;
    const batch = shard.records.slice(0, 1 + Math.floor(chance() * shard.records.length));
    const ended = await deliver({ Records: batch, shardId: `shard-${index}`, state: {} });
    if (ended.kind === 'answered') {
      const again = faults.strike('records_repeated') ? Math.ceil(chance() * batch.length) : 0;
      shard.records.splice(0, batch.length - again);
    }
    shard.busy = false;
    timeline.after(AGAIN_MS, () => void consume(index));
  };

  const change = (id: string, before: Image | undefined, after: Image): void => {
    const index = runShard(id) % SHARDS;
    sequence += 1;
    shards[index]?.records.push({
      dynamodb: { SequenceNumber: String(sequence), NewImage: after, ...(before && { OldImage: before }) },
    });
    timeline.after(BATCH_WINDOW_MS, () => void consume(index));
  };

  return {
    run: (before: Run | undefined, after: Run): void => {
      // The event source's filter lets no step's run through.
      const same = before?.status === after.status && before.hidden === after.hidden;
      if (!same && runFamily(after.id) !== 'step') {
        change(after.id, before && imageOfRun(before), imageOfRun(after));
      }
    },
    saga: (before: Saga | undefined, after: Saga): void => {
      if (before?.status !== after.status) {
        change(after.no, before && imageOfSaga(before), imageOfSaga(after));
      }
    },
    exception: (before: SagaException | undefined, after: SagaException): void => {
      if (before?.handled !== after.handled || before === undefined) {
        change(after.id, before && imageOfException(before), imageOfException(after));
      }
    },
    isRead: (): boolean => shards.every(({ records }) => records.length === 0),
  };
};
