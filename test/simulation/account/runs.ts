/** What may happen to a run, and to its attempts. */
import type { Run, RunStatus } from '../../../lib/domain/run.ts';
import type { Executions } from './executions.ts';
import { FINAL } from './final.ts';
import { isYounger, type SessionAccount } from './sessions.ts';
import { isStepRun } from './step-run.ts';
import type { Verdict } from './verdict.ts';

const FLYING: ReadonlySet<RunStatus> = new Set(['dispatched', 'running']);
/** What may follow what: written down from docs/run-states.md, not taken from the code. */
const FOLLOWS: Readonly<Record<RunStatus, readonly RunStatus[]>> = {
  scheduled: ['ready', 'dispatched', 'cancelled', 'timed_out'],
  ready: ['dispatched', 'cancelled', 'timed_out'],
  dispatched: ['running', 'ready', 'succeeded', 'failed', 'timed_out', 'scheduled', 'cancelled'],
  running: ['succeeded', 'failed', 'timed_out', 'scheduled', 'cancelled'],
  succeeded: [],
  failed: [],
  timed_out: [],
  cancelled: [],
  skipped: [],
};
/** Dispatch may be this far ahead of the instant (3 s), and workers' clocks are right to within this. */
const DISPATCH_AHEAD_MS = 3_000;
const CLOCK_ERROR_MS = 12;

/** What ends by a word, and is executed by nobody: docs/protocol.md, T8. */
const TOLD: readonly RunStatus[] = ['succeeded', 'failed'];

export const isOpenRun = (run: Run): boolean => !FINAL.has(run.status) || run.evidence?.state === 'pending';

export const createRunAccount = (
  now: () => number,
  { must }: Verdict,
  executions: Executions,
  { sessions, onPush }: SessionAccount,
) => {
  const runs = new Map<string, Run>();
  const ends = new Map<string, number>();
  const claims = new Map<string, number>();
  const readySince = new Map<string, number>();
  /** Which session an attempt was pushed to, and which attempts moved to another one with their worker (S2). */
  const holders = new Map<string, string>();
  const adopted = new Set<string>();

  const onRun = (before: Run | undefined, after: Run): void => {
    const { id } = after;
    runs.set(id, after);
    if (after.status !== 'ready') {
      readySince.delete(id);
    } else if (before?.status !== 'ready') {
      readySince.set(id, now());
    }
    const claimed = after.status === 'dispatched' && before?.status !== 'dispatched';
    if (claimed) {
      must(
        after.attempt > (claims.get(id) ?? 0),
        'one_valid_attempt',
        () => `attempt ${after.attempt} of run ${id} was claimed again`,
      );
      claims.set(id, after.attempt);
      must(
        now() >= after.dueAt - DISPATCH_AHEAD_MS - CLOCK_ERROR_MS,
        'never_early',
        () => `run ${id} was dispatched ${after.dueAt - now()} ms before its instant`,
      );
    }
    if (before === undefined) {
      return;
    }
    must(
      after.attempt >= before.attempt,
      'one_valid_attempt',
      () => `the attempt of run ${id} went back to ${after.attempt}`,
    );
    must(
      after.tries <= after.maxTries,
      'tries_bounded',
      () => `run ${id} has had ${after.tries} of ${after.maxTries} tries`,
    );
    must(after.tries >= before.tries, 'tries_bounded', () => `the tries of run ${id} went back to ${after.tries}`);
    if (FINAL.has(before.status)) {
      const same = after.status === before.status && after.attempt === before.attempt && after.tries === before.tries;
      must(same, 'terminal_final', () => `run ${id} was ${before.status} and turned ${after.status}`);
      const told =
        before.evidence === undefined || before.evidence.state === 'pending' || before.evidence === after.evidence;
      must(told, 'terminal_final', () => `the evidence of run ${id} was told twice`);
    } else if (before.status !== after.status) {
      must(
        FOLLOWS[before.status].includes(after.status) ||
          (isStepRun(after.id) && after.startBy !== undefined && before.attempt === 0 && TOLD.includes(after.status)),
        'terminal_final',
        () => `run ${id} went from ${before.status} to ${after.status}`,
      );
    }
    if (FINAL.has(after.status) && !FINAL.has(before.status)) {
      ends.set(id, (ends.get(id) ?? 0) + 1);
      must(ends.get(id) === 1, 'ended_once', () => `run ${id} ended ${ends.get(id)} times`);
    }
    if (FLYING.has(before.status) && FLYING.has(after.status) && before.session?.id !== after.session?.id) {
      adopted.add(`${id}:${after.attempt}`);
      onMove(after, before.session?.id ?? '', after.session?.id ?? '');
    }
    onAttemptsEnd(before, after);
    if (after.evidence?.state === 'exited' && before.evidence?.state !== 'exited') {
      const running = executions.of(id, after.attempt).filter(({ endedAt }) => endedAt === undefined);
      must(
        running.length === 0,
        'evidence_true',
        () => `run ${id} is said to have ended, and runs on ${running[0]?.worker}`,
      );
    }
  };

  /** A run in flight changes its session only with its worker, and only to a younger one. */
  const onMove = ({ id, worker }: Run, from: string, to: string): void => {
    const name = sessions.get(to)?.name;
    must(
      (name === undefined || name === worker) && isYounger(to, from),
      'one_valid_attempt',
      () => `run ${id} of ${worker} moved from session ${from} to session ${to} of ${name}`,
    );
  };

  /** The handlers of this world sign what they return with run and attempt. */
  const onAttemptsEnd = (before: Run, after: Run): void => {
    if (!FLYING.has(before.status) || FLYING.has(after.status)) {
      return;
    }
    const { id, attempt } = before;
    const bad = after.status === 'scheduled' || after.status === 'failed' || after.status === 'timed_out';
    must(
      after.tries === before.tries + (bad ? 1 : 0),
      'tries_bounded',
      () => `run ${id} turned ${after.status} with ${before.tries} tries before and ${after.tries} after`,
    );
    if (after.status === 'succeeded') {
      const done = executions.of(id, attempt).some(({ how }) => how === 'succeeded');
      must(done, 'stale_refused', () => `run ${id} succeeded by attempt ${attempt}, which did not`);
    }
    const error =
      after.status === 'failed' ? after.error : after.status === 'scheduled' ? after.history.at(-1)?.error : undefined;
    const signed = error === undefined || !error.startsWith('no: ') || error.startsWith(`no: ${id}:${attempt}`);
    must(signed, 'stale_refused', () => `attempt ${attempt} of run ${id} was ended by the words of another: ${error}`);
    const holder = sessions.get(before.session?.id ?? '');
    must(
      error === undefined || !/^Worker .* was lost$/.test(error) || holder?.st !== 'up',
      'one_valid_attempt',
      () => `attempt ${attempt} of run ${id} was taken from session ${holder?.id}, which is up`,
    );
  };

  return {
    runs,
    readySince,
    onRun,
    onPush: (session: string, run: string, attempt: number): void => {
      const key = `${run}:${attempt}`;
      const holder = holders.get(key) ?? session;
      holders.set(key, session);
      const row = runs.get(run);
      if (row?.session?.id === session) {
        onPush(session, row.seq ?? 0);
      }
      must(
        (row?.attempt ?? 0) >= attempt,
        'one_valid_attempt',
        () => `attempt ${attempt} of run ${run} was pushed and is not claimed`,
      );
      must(
        holder === session || adopted.has(key),
        'one_valid_attempt',
        () => `attempt ${attempt} of run ${run} was given to ${holder} and to ${session}`,
      );
    },
    onBegin: (run: string, attempt: number): void => {
      const row = runs.get(run);
      must(row?.status !== 'skipped', 'skip_kept', () => `run ${run} was left out, and began`);
      must(
        // Of an attempt that is over the instant is the next one's: its worker has not heard of it.
        row === undefined || row.attempt !== attempt || !FLYING.has(row.status) || now() >= row.dueAt - CLOCK_ERROR_MS,
        'never_early',
        () => `run ${run} began ${(row?.dueAt ?? 0) - now()} ms before its instant`,
      );
    },
    holderOf: (run: string, attempt: number): string | undefined => holders.get(`${run}:${attempt}`),
  };
};
