import { parseJobRunId } from '../../domain/ids.ts';
import { isByHand } from '../../domain/job/chain.ts';
import { expectedIn, joinLedger } from '../../domain/job/ledger.ts';
import type { Ports } from '../ports/index.ts';
import type { Jobs } from './api.ts';
import type { JobRuns } from './job-runs.ts';

/** A run of each of the oldest occurrences, as many as an answer has: the range of an earlier schedule may hold a million. */
const oldest = (ids: readonly string[], limit: number): readonly string[] => {
  const runs = new Map<number, string>();
  for (const id of ids) {
    const n = parseJobRunId(id)?.instant;
    if (n !== undefined && !isByHand(n)) {
      runs.set(n, id);
    }
  }
  return [...runs]
    .sort(([a], [b]) => a - b)
    .slice(0, limit)
    .map(([, id]) => id);
};

/** What became of each occurrence of a range: recomputed from the schedule, joined with the runs and the gaps. */
export const createReadLedger =
  ({ jobs, settings, now }: Pick<Ports, 'jobs' | 'settings' | 'now'>, jobRuns: JobRuns): Jobs['ledger'] =>
  async (id, range) => {
    const job = await jobs.get(id, 'consistent');
    if (job === undefined || job.state === 'deleted') {
      return undefined;
    }
    const expected = expectedIn(job, range);
    const last = expected.at(-1);
    // A full page ends with its last occurrence; what lies behind it needs no reading.
    const to = last !== undefined && expected.length === range.limit ? last + 1 : range.to;
    const [ids, gaps] = await Promise.all([jobRuns.idsBetween(id, range.from, to), jobs.gaps(id, range.from, to)]);
    return joinLedger(
      job,
      { ...range, to },
      {
        runs: await jobRuns.getMany(oldest(ids, range.limit)),
        gaps,
        now: now(),
        keptFrom: now() - settings.retentionMs,
      },
    );
  };
