/** Rows and what they are made of, with everything that a test does not care about filled in. */
import type { RunException } from '../../lib/application/ports/index.ts';
import { type Run, TRANSITIONS, type TransitionName } from '../../lib/domain/run.ts';
import {
  type Grant,
  type RunRequest,
  submitDue,
  submitLater,
  submitSkipped,
  submitWaiting,
} from '../../lib/domain/run-decisions.ts';
import type { Session } from '../../lib/domain/session.ts';

/** 2030-01-01T00:00:00Z: the virtual present of the tests. */
export const NOW = Date.UTC(2030, 0, 1);
export const RETENTION_MS = 30 * 86_400_000;
export const AGEING_MS = 10 * 60_000;

export const aRequest = (fields: Partial<RunRequest> = {}): RunRequest => ({
  id: '4611686018427904',
  handler: 'send_email',
  pool: 'default',
  priority: 5,
  executeAt: NOW,
  maxTries: 3,
  timeoutMs: 300_000,
  payload: '{"to":"a@example.com"}',
  payloadBytes: 22,
  ...fields,
});

export const SESSION_REF = { pool: 'default', shard: 0, id: 'session-1' } as const;

export const aGrant = (fields: Partial<Grant> = {}): Grant => ({
  session: SESSION_REF,
  worker: 'worker-1',
  seq: 1,
  ...fields,
});

export const aSession = (fields: Partial<Session> = {}): Session => ({
  ...SESSION_REF,
  st: 'up',
  name: 'worker-1',
  conn: 'conn-1',
  epoch: 1,
  handlers: ['send_email'],
  tags: [],
  maxTasks: 10,
  limit: 10,
  q: 0,
  rep: 1,
  seen: 0,
  hbAt: NOW,
  takeAt: 0,
  list: [],
  g: 1,
  fence: 0,
  createdAt: NOW,
  ...fields,
});

/** A run in each status that a transition may start from, as the decisions leave it. */
export const runIn = (status: Run['status'], fields: Partial<Run> = {}): Run => {
  const dispatched = submitDue(aRequest(), aGrant(), NOW);
  const end = { endedAt: NOW + 1_000, updatedAt: NOW + 1_000, expiresAt: NOW + RETENTION_MS };
  const rows: Record<Run['status'], Run> = {
    scheduled: submitLater(aRequest({ executeAt: NOW + 60_000 }), NOW),
    ready: submitWaiting(aRequest(), 0, NOW),
    dispatched,
    running: { ...dispatched, status: 'running', startedAt: NOW + 100 },
    succeeded: { ...dispatched, ...end, status: 'succeeded' },
    failed: { ...dispatched, ...end, status: 'failed', tries: 3, reason: 'handler_failed' },
    timed_out: { ...dispatched, ...end, status: 'timed_out', tries: 3, reason: 'timed_out' },
    cancelled: { ...dispatched, ...end, status: 'cancelled', g: 2, evidence: { state: 'pending' } },
    skipped: submitSkipped(aRequest(), 'overlap', { now: NOW, retentionMs: RETENTION_MS }),
  };
  return { ...rows[status], ...fields };
};

/** Transitions that change a row; the others create one. */
export const CHANGES = (Object.keys(TRANSITIONS) as TransitionName[]).filter(
  (name) => TRANSITIONS[name].from.length > 0,
);

/** What is written with a run that fails for good. */
export const exceptionOf = (run: Run): RunException => ({
  kind: 'run_failed',
  id: `run:${run.id}`,
  at: NOW,
  run: run.id,
  attempt: run.attempt,
  handler: run.handler,
  reason: 'handler_failed',
  error: 'no',
});
