/**
 * "Why is this not running?", answered from state alone: the run or job, the sessions of its pool, and what waits before it.
 * Where the state explains nothing, the answer says so; it never guesses.
 */
import type { SkipReason } from '../job/job.ts';
import { isInFlight, isTerminal, type Run } from '../run.ts';
import { available, type Session } from '../session.ts';
import { meetsNeeds, type WorkerNeeds } from './needs.ts';

export const WHY_RUN = [
  /** It has ended. */
  'ended',
  'skipped',
  'running',
  /** Given to a worker, which holds it until its instant or has not said yet that it began. */
  'dispatched',
  /** Its instant has not come. */
  'scheduled',
  /** An attempt ended badly; the next one has a time. */
  'retry',
  /** Its instant has come, and it is about to be given to a worker. */
  'due',
  'no_worker',
  'no_handler',
  'no_tag',
  'no_label',
  'no_category',
  'not_selected',
  'disabled',
  'disconnected',
  /** All that could take it have no room. */
  'all_full',
  /** Those that could take it fetch their runs. */
  'not_fetched',
  /** Somebody has room: it is handed over at that worker's next sign of life at the latest. */
  'handing_over',
] as const;

type Detail = string | number | boolean | readonly string[] | Readonly<Record<string, string>> | undefined;

export type Why<R extends string> = {
  /** Stable, for programs. */
  readonly reason: R;
  /** One sentence, for people. */
  readonly message: string;
  /** What it was concluded from. Instants in RFC 3339; what is not known is `undefined`. */
  readonly details: Readonly<Record<string, Detail>>;
};
export type WhyRun = Why<(typeof WHY_RUN)[number]>;

/** What waits before a run: those with a better place in its own queue. */
export type Queued = { readonly before: number; readonly more: boolean };

export type RunState = {
  readonly run: Run;
  /** Sessions of its pool, in any state. Not looked at unless it is ready. */
  readonly sessions: readonly Session[];
  /** There are sessions that were not looked at. */
  readonly partial: boolean;
  readonly queued: Queued;
  /** Epoch ms. */
  readonly now: number;
};

/** Names that an answer shows at most. */
const MOST_NAMED = 20;

export const instant = (at: number): string => new Date(at).toISOString().replace('.000Z', 'Z');
export const maybe = (at: number | undefined): string | undefined => (at === undefined ? undefined : instant(at));

export const WHY_SKIPPED: Readonly<Record<SkipReason, string>> = {
  overlap: 'the run before it had not ended, and the policy of its job forbids two at a time',
  deadline: 'it came later than the deadline of its job allows',
};

const namesOf = (sessions: readonly Session[]): readonly string[] =>
  [...new Set(sessions.map(({ name }) => name))].sort().slice(0, MOST_NAMED);
const list = (words: readonly string[]): string => words.join(', ');

const ENDED: Readonly<Partial<Record<Run['status'], string>>> = {
  succeeded: 'succeeded',
  failed: 'failed',
  timed_out: 'timed out',
  cancelled: 'was cancelled',
};

const whyEnded = (run: Run): WhyRun => {
  if (run.status === 'skipped') {
    return {
      reason: 'skipped',
      message: `It was not executed: ${run.skip === undefined ? 'it was left out' : WHY_SKIPPED[run.skip]}.`,
      details: { skip: run.skip, due_at: instant(run.executeAt) },
    };
  }
  const notStarted = run.reason === 'not_started' ? ': it had not begun in time' : '';
  return {
    reason: 'ended',
    message: `It has ended: it ${ENDED[run.status]}${run.endedAt === undefined ? '' : ` at ${instant(run.endedAt)}`}${notStarted}.`,
    details: {
      status: run.status,
      ended_at: maybe(run.endedAt),
      reason: run.reason,
      worker: run.worker,
      exit_code: run.exitCode,
      attempt: run.attempt,
    },
  };
};

const whyInFlight = (run: Run, now: number): WhyRun => {
  const worker = run.worker ?? 'a worker';
  const details = {
    worker: run.worker,
    attempt: run.attempt,
    dispatched_at: maybe(run.dispatchedAt),
    started_at: maybe(run.startedAt),
  };
  if (run.status === 'running') {
    const since = run.startedAt ?? run.dispatchedAt;
    const when = since === undefined ? '' : ` since ${instant(since)}`;
    return { reason: 'running', message: `It is running on ${worker}${when}.`, details };
  }
  const state =
    run.dueAt > now
      ? `which holds it until ${instant(run.dueAt)}`
      : 'which tells that it runs once it has done so for 2 s';
  return {
    reason: 'dispatched',
    message: `It was given to ${worker} at ${instant(run.dispatchedAt ?? run.updatedAt)}, ${state}.`,
    details: { ...details, due_at: instant(run.dueAt) },
  };
};

const whyScheduled = (run: Run, now: number): WhyRun => {
  const due = instant(run.dueAt);
  const details = { due_at: due, tries: run.tries, max_tries: run.maxTries };
  if (run.dueAt <= now) {
    return { reason: 'due', message: `It fell due at ${due} and is about to be given to a worker.`, details };
  }
  const last = run.history.findLast(({ outcome }) => outcome !== 'undelivered');
  if (run.tries > 0 && last !== undefined) {
    return {
      reason: 'retry',
      message: `It waits until ${due} for its next try: attempt ${last.attempt} ended badly (${last.reason ?? last.outcome}).`,
      details: { ...details, last_attempt: last.attempt, last_outcome: last.outcome, last_error: last.error },
    };
  }
  return { reason: 'scheduled', message: `It waits until ${due}, the instant that it was scheduled for.`, details };
};

type Gap = { readonly reason: WhyRun['reason']; readonly what: string; readonly details: WhyRun['details'] };

/** The needs in the order in which they are explained, each with what nobody has. */
const needsInTurn = (needs: WorkerNeeds): readonly { readonly one: WorkerNeeds; readonly gap: Gap }[] => [
  ...(needs.workers ?? []).slice(0, 1).map(() => ({
    one: { workers: needs.workers ?? [] },
    gap: {
      reason: 'not_selected' as const,
      what: `is one of the workers that it is for (${list(needs.workers ?? [])})`,
      details: { workers: needs.workers },
    },
  })),
  ...(needs.tags ?? []).map((tag) => ({
    one: { tags: [tag] },
    gap: { reason: 'no_tag' as const, what: `has the tag ${tag}`, details: { tag } },
  })),
  ...Object.entries(needs.labels ?? {}).map(([label, value]) => ({
    one: { labels: { [label]: value } },
    gap: { reason: 'no_label' as const, what: `has the label ${label}=${value}`, details: { label, value } },
  })),
  ...(needs.category === undefined
    ? []
    : [
        {
          one: { category: needs.category },
          gap: {
            reason: 'no_category' as const,
            what: `serves the category ${needs.category}`,
            details: { category: needs.category },
          },
        },
      ]),
];

const whyReady = ({ run, sessions, partial, queued }: RunState): WhyRun => {
  const since = maybe(run.readyAt);
  const common = {
    pool: run.pool,
    ready_since: since,
    start_by: maybe(run.startBy),
    ...(partial ? { workers_looked_at: sessions.length } : {}),
  };
  const answer = (reason: WhyRun['reason'], message: string, details: WhyRun['details'] = {}): WhyRun => ({
    reason,
    message: partial ? `${message} (Of the first ${sessions.length} workers that were looked at.)` : message,
    details: { ...common, ...details },
  });
  let candidates = sessions.filter(({ st }) => st === 'up');
  if (candidates.length === 0) {
    return answer('no_worker', `No worker of the pool ${run.pool} is connected.`);
  }
  const knowing = candidates.filter(({ handlers }) => handlers.includes(run.handler));
  if (knowing.length === 0) {
    return answer('no_handler', `No connected worker of the pool ${run.pool} has the handler ${run.handler}.`, {
      handler: run.handler,
      workers: namesOf(candidates),
    });
  }
  candidates = knowing;
  for (const { one, gap } of needsInTurn(run.needs ?? {})) {
    const meeting = candidates.filter((session) => meetsNeeds(session, one));
    if (meeting.length === 0) {
      return answer(
        gap.reason,
        `Of the workers that could otherwise take it (${list(namesOf(candidates))}), none ${gap.what}.`,
        {
          ...gap.details,
          candidates: namesOf(candidates),
        },
      );
    }
    candidates = meeting;
  }
  const enabled = candidates.filter(({ disabled }) => disabled === undefined);
  if (enabled.length === 0) {
    return answer(
      'disabled',
      `All workers that could take it were switched off by a person: ${list(namesOf(candidates))}.`,
      {
        workers: namesOf(candidates),
      },
    );
  }
  const pushed = enabled.filter(({ polls, conn }) => polls === undefined && conn !== undefined);
  const fetching = enabled.filter(({ polls }) => polls !== undefined);
  const waiting = { before: queued.before, more_before: queued.more };
  const queue =
    queued.before === 0
      ? 'none of its kind waits before it'
      : `${queued.more ? 'more than ' : ''}${queued.before} of its kind wait before it`;
  if (pushed.some((session) => available(session) > 0)) {
    return answer('handing_over', `A worker has room for it, and gets it within 15 s; ${queue}.`, {
      workers: namesOf(pushed.filter((session) => available(session) > 0)),
      ...waiting,
    });
  }
  if (fetching.length > 0) {
    return answer('not_fetched', `It waits for ${list(namesOf(fetching))} to fetch it; ${queue}.`, {
      workers: namesOf(fetching),
      ...waiting,
    });
  }
  if (pushed.length === 0) {
    return answer('disconnected', `Those that could take it have lost their connection: ${list(namesOf(enabled))}.`, {
      workers: namesOf(enabled),
    });
  }
  return answer('all_full', `All workers that could take it are full (${list(namesOf(pushed))}); ${queue}.`, {
    workers: namesOf(pushed),
    ...waiting,
  });
};

export const whyRun = (state: RunState): WhyRun => {
  const { run, now } = state;
  if (isTerminal(run.status)) {
    return whyEnded(run);
  }
  if (isInFlight(run.status)) {
    return whyInFlight(run, now);
  }
  return run.status === 'scheduled' ? whyScheduled(run, now) : whyReady(state);
};
