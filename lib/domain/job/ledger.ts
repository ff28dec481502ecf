/** The fire ledger: every expected occurrence of a range, and what became of it. */
import { gapsBetween, occurrencesBetween } from '../cron/occurrences.ts';
import { parseJobRunId } from '../ids.ts';
import type { Run, RunStatus } from '../run.ts';
import { isByHand } from './chain.ts';
import { pickDefined } from './fields.ts';
import type { Gap, Job } from './job.ts';

export type Entry = {
  readonly n: number;
  readonly outcome: 'ran' | 'skipped' | 'missed' | 'due';
  readonly reason?: string;
  readonly run?: string;
  readonly status?: RunStatus;
};

export type Range = { readonly from: number; readonly to: number; readonly limit: number };

type Known = {
  /** Runs of the range. */
  readonly runs: readonly Run[];
  readonly gaps: readonly Gap[];
  readonly now: number;
  /** Runs from before are gone, so of an occurrence without one nothing is known. */
  readonly keptFrom: number;
};

const ofRun = (n: number, run: Run): Entry => ({
  n,
  run: run.id,
  status: run.status,
  ...(run.status === 'skipped' ? { outcome: 'skipped', ...pickDefined({ reason: run.skip }) } : { outcome: 'ran' }),
});

const ofGap = (n: number, { reason, by }: Gap): Entry =>
  reason === 'paused' ? { n, outcome: 'skipped', reason } : { n, outcome: 'missed', reason: by };

/** The interval that is not a row yet: it is written when the job is resumed. */
const openPause = ({ state, pausedAt, pausedBy = '' }: Job, now: number): readonly Gap[] =>
  state === 'active' || pausedAt === undefined ? [] : [{ from: pausedAt, to: now + 1, reason: 'paused', by: pausedBy }];

/**
 * What became of an occurrence that has no run. What nothing accounts for is a fault, which shows here.
 * Undefined: it will not come, or nothing is known of it.
 */
const withoutRun = (n: number, job: Job, gaps: readonly Gap[], { now, keptFrom }: Known): Entry | undefined => {
  const gap = gaps.find(({ from, to }) => from <= n && n < to);
  if (gap !== undefined) {
    return ofGap(n, gap);
  }
  // The row of the newest fire may be a moment away: what it will say is decided.
  if (job.pend?.n === n && job.pend.skip !== undefined) {
    return { n, outcome: 'skipped', reason: job.pend.skip };
  }
  if ((job.next !== undefined && n >= job.next) || job.pend?.n === n) {
    return { n, outcome: 'due' };
  }
  if (n > now || n < keptFrom) {
    return undefined;
  }
  return { n, outcome: 'missed', reason: 'lost' };
};

/** Occurrences of the schedule as it is now; of what it was before, runs and gaps alone are known. */
export const expectedIn = (job: Job, { from, to, limit }: Range): readonly number[] => {
  const start = Math.max(from, job.scheduledFrom ?? job.createdAt);
  return job.schedule === undefined || start >= to ? [] : occurrencesBetween(job.schedule, start, to, limit);
};

const shiftedIn = (job: Job, { from, to, limit }: Range): readonly Entry[] => {
  const start = Math.max(from, job.scheduledFrom ?? job.createdAt);
  if (job.schedule?.gap !== 'skip' || start >= to) {
    return [];
  }
  return gapsBetween(job.schedule, start, to, limit).map(({ n }) => ({ n, outcome: 'skipped', reason: 'dst_gap' }));
};

/** Occurrences of an earlier schedule that were cut off by its change: the first stands for them. */
const ofEarlier = (job: Job, { from, to }: Range, gaps: readonly Gap[]): readonly Entry[] =>
  gaps
    .filter(
      (gap) => gap.reason === 'missed' && gap.from < (job.scheduledFrom ?? 0) && gap.from >= from && gap.from < to,
    )
    .map((gap) => ofGap(gap.from, gap));

/** Oldest first; each occurrence once, its run before any other account of it. */
export const joinLedger = (job: Job, range: Range, known: Known): readonly Entry[] => {
  const gaps = [...known.gaps, ...openPause(job, known.now)];
  const entries = new Map<number, Entry>();
  const add = (entry: Entry | undefined): void => {
    if (entry !== undefined && !entries.has(entry.n)) {
      entries.set(entry.n, entry);
    }
  };
  for (const run of known.runs) {
    const n = parseJobRunId(run.id)?.instant;
    if (n !== undefined && !isByHand(n) && n >= range.from && n < range.to) {
      add(ofRun(n, run));
    }
  }
  for (const n of expectedIn(job, range)) {
    add(entries.has(n) ? undefined : withoutRun(n, job, gaps, known));
  }
  for (const entry of [...shiftedIn(job, range), ...ofEarlier(job, range, gaps)]) {
    add(entry);
  }
  return [...entries.values()].toSorted((a, b) => a.n - b.n).slice(0, range.limit);
};
