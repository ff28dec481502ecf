import { MAX_BROADCAST } from '../../contracts/limits.ts';
import { meetsNeeds } from '../../domain/fleet/needs.ts';
import type { Job } from '../../domain/job/job.ts';
import type { Session } from '../../domain/session.ts';
import type { Ports } from '../ports/index.ts';

/** Sessions read at a time: a row is some 400 bytes, so these are five read units. */
const PAGE = 100;

export type BroadcastWorkers = (job: Job) => Promise<readonly string[]>;

/**
 * Names of the workers of a job's pool that a broadcast goes to: those with a session that is up and could execute it, the
 * busy ones too, the first hundred in order of their names. None: then the fire is one run that waits for any of them, so
 * that a broadcast to nobody is not lost in silence.
 */
export const createBroadcastWorkers = ({
  sessions,
  settings,
}: Pick<Ports, 'sessions' | 'settings'>): BroadcastWorkers => {
  const ofShard = async (pool: string, shard: number): Promise<readonly Session[]> => {
    const found: Session[] = [];
    let after: string | undefined;
    for (;;) {
      const page = await sessions.look({
        ...{ pool, shard, reading: 'eventual', limit: PAGE },
        ...(after === undefined ? {} : { after }),
      });
      found.push(...page.sessions);
      after = page.sessions.at(-1)?.id;
      if (!page.more || after === undefined) {
        return found;
      }
    }
  };
  return async ({ pool, handler, needs }) => {
    const shards = Array.from({ length: settings.shards(pool).sessions }, (_, shard) => ofShard(pool, shard));
    const able = (await Promise.all(shards))
      .flat()
      .filter((session) => session.st === 'up' && !session.disabled && session.handlers.includes(handler))
      .filter((session) => needs === undefined || meetsNeeds(session, needs));
    return [...new Set(able.map(({ name }) => name))].toSorted().slice(0, MAX_BROADCAST);
  };
};
