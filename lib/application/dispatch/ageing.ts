import type { Ports, ReadyEntry } from '../ports/index.ts';

/** Rule D6: a queue is asked for what has waited too long once in so much time, by each instance. */
const ASKED_EVERY_MS = 15_000;
/** Queues asked at a time: each costs a query for each class of priority and shard. The others have their turn next. */
const QUEUES_AT_A_TIME = 3;
/** Runs asked for, of each class and shard: more than one look serves would only keep the head waiting. */
const AGED_HEAD = 3;
/** A tenth of the time is left for the look that finds the run, and for a slot to be free. */
const SHARE = 0.9;
/** Classes of priority. */
const CLASSES = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10] as const;
/** Queues whose last asking is remembered. Beyond it all are asked anew. */
const REMEMBERED = 10_000;

/** What has waited too long in some queues of a pool, of each class of priority. */
export type Aged = (pool: string, queues: readonly string[]) => Promise<readonly ReadyEntry[]>;

export const createAged = ({ runs, settings, now }: Pick<Ports, 'runs' | 'settings' | 'now'>): Aged => {
  const asked = new Map<string, number>();

  return async (pool, queues) => {
    const keyOf = (queue: string): string => `${pool} ${queue}`;
    const at = now();
    const due = queues
      .filter((queue) => at - (asked.get(keyOf(queue)) ?? Number.NEGATIVE_INFINITY) >= ASKED_EVERY_MS)
      .slice(0, QUEUES_AT_A_TIME);
    if (asked.size > REMEMBERED) {
      asked.clear();
    }
    for (const queue of due) {
      asked.set(keyOf(queue), at);
    }
    const dueBy = at - SHARE * settings.ageingMs;
    const shards = Array.from({ length: settings.shards(pool).ready }, (_, shard) => shard);
    const looks = due.flatMap((queue) =>
      shards.flatMap((shard) =>
        CLASSES.map((priority) => runs.readyHead({ pool, shard, queue, limit: AGED_HEAD, aged: { priority, dueBy } })),
      ),
    );
    return (await Promise.all(looks)).flat();
  };
};
