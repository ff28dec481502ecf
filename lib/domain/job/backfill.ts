/** The backfill of a range: past occurrences that have no run get one, so many at a time. */
import { occurrencesBetween } from '../cron/occurrences.ts';
import type { Schedule } from '../cron/schedule.ts';
import { FIRST_INSTANT_MS, makeJobRunId } from '../ids.ts';
import type { RunRequest } from '../run-decisions.ts';
import { pickDefined, without } from './fields.ts';
import type { Job } from './job.ts';

/** Of one backfill. Its plan is read and counted while a person waits: some 250 read units and a few hundred milliseconds. */
export const MAX_BACKFILL = 10_000;
/** Runs of one backfill at a time; their ids lie in its row. */
export const MAX_PARALLEL = 100;

/**
 * How often a running backfill looks whether runs of it have ended: nobody tells it. An idle slot waits half of that on
 * average, and a backfill of a day costs 17,000 messages (a cent) and one read of each open run every time.
 */
export const BACKFILL_LOOK_MS = 5_000;

/**
 * A backfill reaches further back than the schedule it is for, because that is what most are wanted for: a job that was
 * made today, for the weeks before. Only `@every` and `@once` are tied to where they begin.
 */
export const backfillSchedule = (schedule: Schedule, from: number): Schedule =>
  /^@(every|once)\b/.test(schedule.expression.trim())
    ? schedule
    : { ...schedule, startAt: Math.min(schedule.startAt, from) };

/** What of an interval may be filled: what is past, and what the chain does not fire itself. */
export const fillable = (
  job: Job,
  { from, to }: { readonly from: number; readonly to: number },
  now: number,
): { readonly from: number; readonly to: number } => ({
  from: Math.max(from, FIRST_INSTANT_MS),
  to: Math.min(to, now, job.next ?? now),
});

/** @param origin where the whole backfill begins */
export const occurrencesToFill = (
  schedule: Schedule,
  { from, to }: { readonly from: number; readonly to: number },
  limit: number,
  origin = from,
): readonly number[] => (from >= to ? [] : occurrencesBetween(backfillSchedule(schedule, origin), from, to, limit));

/**
 * What the run of an occurrence is asked to be. It is due now, not when it would have been: else every run of last year would
 * pass for one that has waited a year, and go before all others (rule D6). Which occurrence it is, its id says.
 */
export const backfillRequest = (
  job: Job,
  occurrence: { readonly n: number; readonly backfill: string },
  now: number,
): RunRequest => {
  const { handler, pool, priority, maxTries, timeoutMs, payloadBytes, needs, strategy } = job;
  const routed = strategy !== 'least_loaded' && strategy !== 'broadcast' && strategy !== 'round_robin';
  return {
    ...{ handler, pool, priority, maxTries, timeoutMs, payloadBytes },
    id: makeJobRunId({ job: job.id, instant: occurrence.n }),
    executeAt: now,
    job: job.id,
    spec: job.spec,
    trigger: 'backfill',
    backfill: occurrence.backfill,
    ...pickDefined({
      needs,
      routing: routed ? { strategy } : undefined,
      unsaved: job.saveLog ? undefined : (true as const),
    }),
  };
};

/** What changes of a backfill while it runs. */
export type Progress = {
  readonly from: number;
  readonly to: number;
  readonly parallel: number;
  readonly state: 'running' | 'done' | 'cancelled';
  readonly next?: number;
  readonly created: number;
  readonly open: readonly string[];
  readonly version: number;
  readonly wakeAt: number;
};

/** How many occurrences a look takes from the schedule: two ids of each are asked for, and 100 fit one request. */
const CANDIDATES = 50;

/** The occurrences that are next, with those that have a run already. */
export const candidatesOf = (row: Progress, schedule: Schedule | undefined): readonly number[] =>
  schedule === undefined || row.next === undefined
    ? []
    : occurrencesToFill(schedule, { from: row.next, to: row.to }, CANDIDATES, row.from);

export type Step<Row> = {
  readonly after: Row;
  /** Occurrences whose runs are to be created once the step is written. */
  readonly create: readonly number[];
};

/**
 * One look at a running backfill: what has ended makes room for what comes next.
 * @param seen.ended runs of `open` that have ended
 * @param seen.hasRun those of the candidates that have a run
 */
export const advanceBackfill = <Row extends Progress>(
  row: Row,
  job: string,
  seen: {
    readonly ended: ReadonlySet<string>;
    readonly candidates: readonly number[];
    readonly hasRun: ReadonlySet<number>;
  },
  now: number,
): Step<Row> => {
  const open = row.open.filter((id) => !seen.ended.has(id));
  const room = Math.max(0, row.parallel - open.length);
  const free = seen.candidates.filter((n) => !seen.hasRun.has(n));
  const create = free.slice(0, room);
  // The first that found no room is next; else what comes after the last that was looked at. None were left: that was all.
  const rest = free[room] ?? (seen.candidates.at(-1) ?? row.to - 1) + 1;
  const next = rest < row.to ? rest : undefined;
  const ids = create.map((n) => makeJobRunId({ job, instant: n }));
  const isDone = next === undefined && open.length === 0 && ids.length === 0;
  const isLooking = next !== undefined && open.length + ids.length < row.parallel;
  const after = {
    ...row,
    open: [...open, ...ids],
    created: row.created + ids.length,
    state: isDone ? ('done' as const) : row.state,
    version: row.version + 1,
    wakeAt: isLooking ? now : now + BACKFILL_LOOK_MS,
  };
  return { after: next === undefined ? (without(after, 'next') as Row) : { ...after, next }, create };
};

/** Whether a step changes more than the time of the next look, which needs no write. */
export const isStep = (before: Progress, after: Progress): boolean =>
  before.state !== after.state ||
  before.next !== after.next ||
  before.open.length !== after.open.length ||
  before.open.some((id, at) => after.open[at] !== id);
