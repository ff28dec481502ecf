/** The table's stream and its consumer: every change of a run, in order for each shard, once or more often. */

import type { DynamoDBRecord } from 'aws-lambda';
import { runOrder, runShard } from '../../../lib/domain/ids.ts';
import type { Run } from '../../../lib/domain/run.ts';
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

const image = (run: Run) => ({
  sk: { S: runOrder(run.id) },
  handler: { S: run.handler },
  status: { S: run.status },
  createdAt: { N: String(run.createdAt) },
  ...(run.endedAt === undefined ? {} : { endedAt: { N: String(run.endedAt) } }),
  ...(run.hidden === undefined ? {} : { hidden: { BOOL: true } }),
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

  return {
    change: (before: Run | undefined, after: Run): void => {
      if (before?.status === after.status && before.hidden === after.hidden) {
        return;
      }
      const index = runShard(after.id) % SHARDS;
      const shard = shards[index];
      sequence += 1;
      shard?.records.push({
        dynamodb: {
          SequenceNumber: String(sequence),
          NewImage: image(after),
          ...(before === undefined ? {} : { OldImage: image(before) }),
        },
      });
      timeline.after(BATCH_WINDOW_MS, () => void consume(index));
    },
    isRead: (): boolean => shards.every(({ records }) => records.length === 0),
  };
};
