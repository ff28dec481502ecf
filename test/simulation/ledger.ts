/**
 * Watches every row, alarm, push and execution of a world, and says which promise was broken the moment it is. It keeps its
 * own account, in its own words: a check that asked the code under test whether a row is open would believe its errors.
 */
import type { Run } from '../../lib/domain/run.ts';
import type { Session } from '../../lib/domain/session.ts';
import { createAlarmAccount, runKey, sessionKey } from './account/alarms.ts';
import { createExecutions, type Execution } from './account/executions.ts';
import { createRunAccount, isOpenRun } from './account/runs.ts';
import { createSessionAccount, isOpenSession } from './account/sessions.ts';
import { createVerdict } from './account/verdict.ts';
import type { Violation } from './promises.ts';

/** So long may a worker be silent. */
const SILENCE_MS = 45_000;

export const createLedger = (now: () => number) => {
  const verdict = createVerdict();
  const alarms = createAlarmAccount(now, verdict);
  const executions = createExecutions(now, verdict);
  const sessions = createSessionAccount(now, verdict);
  const runs = createRunAccount(now, verdict, executions, sessions);
  const accepted = new Set<string>();
  const claimed = { won: 0, lost: 0 };

  /** After every step: the rows that changed, and those whose alarms went. */
  const check = (): Violation | undefined => {
    for (const key of alarms.suspects) {
      const id = key.slice(key.indexOf(' ') + 1);
      const run = key === runKey(id) ? runs.runs.get(id) : undefined;
      const session = key === sessionKey(id) ? sessions.sessions.get(id) : undefined;
      if (run !== undefined && isOpenRun(run)) {
        alarms.watch(key, run.g, run.wakeAt);
      }
      if (session !== undefined && isOpenSession(session)) {
        alarms.watch(key, session.g, session.st === 'up' ? session.hbAt + SILENCE_MS : now());
      }
    }
    alarms.suspects.clear();
    return verdict.violation();
  };

  return {
    ...verdict,
    now,
    check,
    onRun: (before: Run | undefined, after: Run): void => {
      alarms.suspects.add(runKey(after.id));
      runs.onRun(before, after);
    },
    onSession: (before: Session | undefined, after: Session | undefined): void => {
      alarms.suspects.add(sessionKey((after ?? before)?.id ?? ''));
      sessions.onSession(before, after);
    },
    onAlarm: alarms.onAlarm,
    onSlow: alarms.onSlow,
    onPush: runs.onPush,
    onAccepted: (id: string) => accepted.add(id),
    onClaim: (won: boolean): void => {
      claimed[won ? 'won' : 'lost'] += 1;
    },
    begin: (run: string, attempt: number, worker: string): Execution => {
      const execution = executions.begin(run, attempt, worker);
      runs.onBegin(run, attempt);
      return execution;
    },
    runs: runs.runs,
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
