/** Reads what an answer to "why is this not running?" is concluded from. */

import { queueOf } from '../../domain/fleet/needs.ts';
import { SESSIONS_PER_POOL_LOOK } from '../../domain/fleet/routing.ts';
import { type Queued, whyRun } from '../../domain/fleet/why.ts';
import { whyJob } from '../../domain/job/why.ts';
import type { Run } from '../../domain/run.ts';
import type { Session } from '../../domain/session.ts';
import type { Ports } from '../ports/index.ts';
import type { ExplainJob, ExplainRun } from './why-api.ts';

type WhyPorts = Pick<Ports, 'runs' | 'jobs' | 'sessions' | 'settings' | 'now'>;

/** Of the runs before one, so many are counted. */
const MOST_BEFORE = 20;
const NOTHING_BEFORE: Queued = { before: 0, more: false };

const shardsOf = (count: number): readonly number[] => Array.from({ length: count }, (_, shard) => shard);

const sessionsOf = async (
  pool: string,
  { sessions, settings }: WhyPorts,
): Promise<{ readonly sessions: readonly Session[]; readonly partial: boolean }> => {
  const shards = shardsOf(settings.shards(pool).sessions);
  const limit = Math.ceil(SESSIONS_PER_POOL_LOOK / shards.length);
  const pages = await Promise.all(shards.map((shard) => sessions.look({ pool, shard, reading: 'consistent', limit })));
  return { sessions: pages.flatMap((page) => page.sessions), partial: pages.some(({ more }) => more) };
};

/** Its queue's heads, from which it is told what goes first: by priority, then due time. */
const queuedBefore = async (run: Run, { runs, settings }: WhyPorts): Promise<Queued> => {
  const queue = queueOf(run);
  const heads = await Promise.all(
    shardsOf(settings.shards(run.pool).ready).map((shard) =>
      runs.readyHead({ pool: run.pool, shard, queue, limit: MOST_BEFORE + 2 }),
    ),
  );
  const before = heads
    .flat()
    .filter(({ id, priority, dueAt }) => id !== run.id && (priority - run.priority || dueAt - run.dueAt) < 0).length;
  return { before: Math.min(before, MOST_BEFORE), more: before > MOST_BEFORE };
};

export const createWhyRun =
  (ports: WhyPorts): ExplainRun =>
  async (id) => {
    const run = await ports.runs.get(id, 'consistent');
    if (run === undefined || run.hidden) {
      return undefined;
    }
    const now = ports.now();
    if (run.status !== 'ready') {
      return whyRun({ run, sessions: [], partial: false, queued: NOTHING_BEFORE, now });
    }
    const [pool, queued] = await Promise.all([sessionsOf(run.pool, ports), queuedBefore(run, ports)]);
    return whyRun({ run, ...pool, queued, now });
  };

export const createWhyJob =
  (ports: WhyPorts): ExplainJob =>
  async (id) => {
    const job = await ports.jobs.get(id, 'consistent');
    if (job === undefined) {
      return undefined;
    }
    const last = job.last === undefined ? undefined : await ports.runs.get(job.last, 'consistent');
    return whyJob({ job, last, now: ports.now() });
  };
