/**
 * Watches every row, alarm, push and execution of a world, and says which promise was broken the moment it is. It keeps its
 * own account, in its own words: a check that asked the code under test whether a row is open would believe its errors.
 */
import type { Backfill } from '../../lib/application/ports/index.ts';
import type { Alarm } from '../../lib/domain/alarm.ts';
import type { Gap, Job } from '../../lib/domain/job/job.ts';
import type { Run } from '../../lib/domain/run.ts';
import type { Saga, SagaException } from '../../lib/domain/saga/saga.ts';
import type { Session } from '../../lib/domain/session.ts';
import { backfillKey, createAlarmAccount, jobKey, runKey, sagaKey, sessionKey } from './account/alarms.ts';
import { createExecutions, type Execution } from './account/executions.ts';
import { createJobAccount } from './account/jobs.ts';
import { createRunAccount, isOpenRun } from './account/runs.ts';
import { createSagaAccount, isSagaOver } from './account/sagas.ts';
import { createSessionAccount, isOpenSession } from './account/sessions.ts';
import { createVerdict } from './account/verdict.ts';
import type { Violation } from './promises.ts';

/** An occurrence that is due at once is armed for a moment later: its alarm must not overtake its commit. */
const ARMED_LATE_MS = 2_000;
/** So long may a worker be silent. */
const SILENCE_MS = 45_000;
const MINUTE_MS = 60_000;
/** Whoever waits for a person is looked at so rarely; others after as long as they have been there, at least so long. */
const PATIENT_MS = 61 * 24 * 60 * MINUTE_MS;
const LOOK_LEAST_MS = 16 * MINUTE_MS;
/** An alarm that has looked is sent on after what it did: some calls later. */
const LOOK_LATE_MS = 5_000;

export const createLedger = (now: () => number) => {
  const verdict = createVerdict();
  const alarms = createAlarmAccount(now, verdict);
  const executions = createExecutions(now, verdict);
  const sessions = createSessionAccount(now, verdict);
  const runs = createRunAccount(now, verdict, executions, sessions);
  const jobs = createJobAccount(now, verdict, runs, {
    isArmed: (id, rev, n) => alarms.isArmed(jobKey(id, n), rev),
    isBackfillArmed: (id, g) => alarms.isArmed(backfillKey(id), g),
    wasSlow: alarms.wasSlow,
  });
  const sagas = createSagaAccount(verdict, runs.runs, executions);
  const accepted = new Set<string>();
  const claimed = { won: 0, lost: 0 };

  /** After every step: the rows that changed, and those whose alarms went. */
  const check = (): Violation | undefined => {
    for (const key of alarms.suspects) {
      const id = key.slice(key.indexOf(' ') + 1);
      const run = key === runKey(id) ? runs.runs.get(id) : undefined;
      const session = key === sessionKey(id) ? sessions.sessions.get(id) : undefined;
      const [job = '', n = ''] = key.startsWith('job ') ? id.split('.') : [];
      const backfill = key === backfillKey(id) ? jobs.backfills.get(id) : undefined;
      if (jobs.isWatched(job, Number(n))) {
        alarms.watch(key, jobs.jobs.get(job)?.rev ?? 0, Math.max(Number(n), now()) + ARMED_LATE_MS);
      }
      if (backfill !== undefined && jobs.isBackfillWatched(id)) {
        alarms.watch(key, backfill.g, Math.max(backfill.wakeAt, now()));
      }
      const saga = key === sagaKey(id) ? sagas.books.get(id)?.row : undefined;
      if (saga !== undefined && !isSagaOver(saga)) {
        const longestMs = saga.status === 'failed' ? PATIENT_MS : Math.max(LOOK_LEAST_MS, now() - saga.createdAt);
        alarms.watch(key, saga.g, saga.wakeAt, { longestMs, lateMs: LOOK_LATE_MS });
      }
      if (run !== undefined && isOpenRun(run)) {
        alarms.watch(key, run.g, run.wakeAt);
      }
      if (session !== undefined && isOpenSession(session)) {
        alarms.watch(key, session.g, session.st === 'up' ? session.hbAt + SILENCE_MS : now());
      }
    }
    alarms.suspects.clear();
    sagas.check();
    return verdict.violation();
  };

  return {
    ...verdict,
    now,
    check,
    onRun: (before: Run | undefined, after: Run): void => {
      alarms.suspects.add(runKey(after.id));
      runs.onRun(before, after);
      jobs.onRun(before, after);
      sagas.onRun(before, after);
    },
    onSaga: (before: Saga | undefined, after: Saga): void => {
      alarms.suspects.add(sagaKey(after.no));
      sagas.onSaga(before, after);
    },
    onSagaException: (before: SagaException | undefined, after: SagaException): void =>
      sagas.onException(before, after),
    sagas,
    onJob: (before: Job | undefined, after: Job, gap: Gap | undefined): void => {
      if (after.next !== undefined) {
        alarms.suspects.add(jobKey(after.id, after.next));
      }
      jobs.onJob(before, after, gap);
    },
    onBackfill: (before: Backfill | undefined, after: Backfill): void => {
      alarms.suspects.add(backfillKey(after.id));
      jobs.onBackfill(before, after);
    },
    onAnswered: jobs.onAnswered,
    onSession: (before: Session | undefined, after: Session | undefined): void => {
      alarms.suspects.add(sessionKey((after ?? before)?.id ?? ''));
      sessions.onSession(before, after);
    },
    onAlarm: (alarm: Alarm, by: 1 | -1): void => {
      if (alarm.key.kind === 'job' && by === 1) {
        jobs.onArmed(alarm.key.id);
      } else if (alarm.key.kind === 'backfill' && by === 1) {
        jobs.onBackfillArmed(alarm.key.id);
      }
      alarms.onAlarm(alarm, by);
    },
    onSlow: alarms.onSlow,
    onPush: runs.onPush,
    onAccepted: (id: string) => accepted.add(id),
    onClaim: (won: boolean): void => {
      claimed[won ? 'won' : 'lost'] += 1;
    },
    begin: (run: string, attempt: number, worker: string, payload: unknown): Execution => {
      const execution = executions.begin(run, attempt, worker);
      runs.onBegin(run, attempt);
      sagas.onBegin(run, attempt, payload);
      return execution;
    },
    runs: runs.runs,
    jobs: jobs.jobs,
    backfills: jobs.backfills,
    jobAccountOf: jobs.accountOf,
    sessions: sessions.sessions,
    alarms: alarms.live,
    accepted,
    freeSince: sessions.freeSince,
    readySince: runs.readySince,
    holderOf: runs.holderOf,
    claimed: (): { readonly won: number; readonly lost: number } => claimed,
    executionsOf: executions.of,
    executions: executions.all,
  };
};
export type Ledger = ReturnType<typeof createLedger>;
