/**
 * Watches every row, alarm, frame and execution of a world, and says which promise was broken the moment it is. It keeps
 * its own account, in its own words: a check that asked the code under test whether a row is open would believe its errors.
 */
import type { Alarm, EntityKey } from '../../lib/domain/alarm.ts';
import type { Run, RunStatus } from '../../lib/domain/run.ts';
import type { Session } from '../../lib/domain/session.ts';
import type { PromiseName, Violation } from './promises.ts';

const FINAL: ReadonlySet<RunStatus> = new Set(['succeeded', 'failed', 'timed_out', 'cancelled']);
const FLYING: ReadonlySet<RunStatus> = new Set(['dispatched', 'running']);
/** What may follow what: written down from docs/run-states.md, not taken from the code. */
const FOLLOWS: Readonly<Record<RunStatus, readonly RunStatus[]>> = {
  scheduled: ['ready', 'dispatched', 'cancelled'],
  ready: ['dispatched', 'cancelled'],
  dispatched: ['running', 'ready', 'succeeded', 'failed', 'timed_out', 'scheduled', 'cancelled'],
  running: ['succeeded', 'failed', 'timed_out', 'scheduled', 'cancelled'],
  succeeded: [],
  failed: [],
  timed_out: [],
  cancelled: [],
};
/** Dispatch may be this far ahead of the instant (3 s), and workers' clocks are right to within this. */
const DISPATCH_AHEAD_MS = 3_000;
const CLOCK_ERROR_MS = 12;
/** The longest silence between two looks at an open row, and what an alarm may be late in a batch. */
const LONGEST_LOOK_MS = 15 * 60_000;
/** So long may a worker be silent. */
const SILENCE_MS = 45_000;

export const isOpenRun = (run: Run): boolean => !FINAL.has(run.status) || run.evidence?.state === 'pending';
/** The workers of this world number their sessions in the order in which they make them, whenever their hello arrives. */
export const isYounger = (session: string, than: string): boolean =>
  Number(session.split('-')[1]) > Number(than.split('-')[1]);
const isOpenSession = (session: Session): boolean => session.st === 'up' || session.st === 'lost';

export type Execution = {
  readonly run: string;
  readonly attempt: number;
  readonly worker: string;
  readonly beganAt: number;
  endedAt?: number;
  how?: 'succeeded' | 'failed' | 'stopped' | 'died';
};

export type Ledger = ReturnType<typeof createLedger>;

const alarmKey = (key: EntityKey): string => (key.kind === 'run' ? `run ${key.id}` : `session ${key.id}`);
const runKey = (id: string): string => `run ${id}`;
const sessionKey = (id: string): string => `session ${id}`;

export const createLedger = (now: () => number) => {
  let violation: Violation | undefined;
  /**
   * A function took so long for its look at a `ready` run that a claim relied on the alarm that it had in hands, and was then
   * sent on for the run's next look: a limit that docs/protocol.md states. The run is looked at all the same, later.
   */
  let slow = false;
  const runs = new Map<string, Run>();
  const sessions = new Map<string, Session>();
  /** Alarms on their way or being handled: key → generation → due times. */
  const alarms = new Map<string, { readonly g: number; readonly dueAt: number }[]>();
  const suspects = new Set<string>();
  const executions = new Map<string, Execution[]>();
  const accepted = new Set<string>();
  const ends = new Map<string, number>();
  const claims = new Map<string, number>();
  /** Which session an attempt was pushed to, and which attempts moved to another one with their worker (S2). */
  const holders = new Map<string, string>();
  const adopted = new Set<string>();
  /** By session: the highest push that was sent. */
  const pushes = new Map<string, number>();
  const freeSince = new Map<string, number>();
  const readySince = new Map<string, number>();
  const claimed = { won: 0, lost: 0 };

  const fail = (promise: PromiseName, detail: string): void => {
    violation ??= { promise, detail };
  };
  const must = (holds: boolean, promise: PromiseName, detail: () => string): void => {
    if (!holds) {
      fail(promise, detail());
    }
  };

  const executionsOf = (run: string, attempt: number): readonly Execution[] =>
    executions.get(`${run}:${attempt}`) ?? [];

  const onRun = (before: Run | undefined, after: Run): void => {
    const { id } = after;
    runs.set(id, after);
    suspects.add(runKey(id));
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
        FOLLOWS[before.status].includes(after.status),
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
      const running = executionsOf(id, after.attempt).filter(({ endedAt }) => endedAt === undefined);
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
      const done = executionsOf(id, attempt).some(({ how }) => how === 'succeeded');
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

  const onSession = (before: Session | undefined, after: Session | undefined): void => {
    const session = after ?? before;
    if (session === undefined) {
      return;
    }
    suspects.add(sessionKey(session.id));
    const free = after !== undefined && after.st === 'up' && after.conn !== undefined && after.limit > after.q;
    if (!free) {
      freeSince.delete(session.id);
    } else if (!freeSince.has(session.id) || before?.conn !== after.conn) {
      freeSince.set(session.id, now());
    }
    if (after === undefined) {
      sessions.delete(session.id);
      return;
    }
    sessions.set(session.id, after);
    if (before !== undefined) {
      must(
        after.rep >= before.rep,
        'reports_ordered',
        () => `report ${after.rep} of ${after.id} was stored after ${before.rep}`,
      );
      must(
        after.q === before.q || after.q <= before.q || after.q <= after.limit,
        'credit_bound',
        () => `push ${after.q} of ${after.id} was taken with a limit of ${after.limit}`,
      );
      must(
        after.q <= before.q || before.st === 'up',
        'credit_bound',
        () => `push ${after.q} of ${after.id} was taken, which is ${before.st}`,
      );
      must(
        after.q >= before.q || after.q >= (pushes.get(after.id) ?? 0),
        'credit_bound',
        () => `session ${after.id} is said to have had ${after.q} pushes, and push ${pushes.get(after.id)} was sent`,
      );
    }
  };

  const onAlarm = (alarm: Alarm, by: 1 | -1): void => {
    const key = alarmKey(alarm.key);
    const live = alarms.get(key) ?? [];
    alarms.set(key, live);
    if (by === 1) {
      live.push({ g: alarm.g, dueAt: alarm.dueAt });
    } else {
      const index = live.findIndex(({ g, dueAt }) => g === alarm.g && dueAt === alarm.dueAt);
      live.splice(index, 1);
      suspects.add(key);
      if (live.length === 0) {
        alarms.delete(key);
      }
    }
  };

  /** @param wakeAt when the row says that it needs a look */
  const watch = (key: string, g: number, wakeAt: number): void => {
    const own = (alarms.get(key) ?? []).filter((alarm) => alarm.g === g);
    must(own.length > 0, 'armed', () => `${key} is open and has no alarm of generation ${g}`);
    const sooner = wakeAt > now() && !slow;
    const latest = sooner ? wakeAt : Math.max(wakeAt, now() + LONGEST_LOOK_MS);
    must(
      own.length === 0 || own.some(({ dueAt }) => dueAt <= latest),
      'armed',
      () => `${key} needs a look at ${new Date(wakeAt).toISOString()} and its alarms come later`,
    );
  };

  /** After every step: the rows that changed, and those whose alarms went. */
  const check = (): Violation | undefined => {
    for (const key of suspects) {
      const id = key.slice(key.indexOf(' ') + 1);
      const run = key.startsWith('run ') ? runs.get(id) : undefined;
      const session = key.startsWith('session ') ? sessions.get(id) : undefined;
      if (run !== undefined && isOpenRun(run)) {
        watch(key, run.g, run.wakeAt);
      }
      if (session !== undefined && isOpenSession(session)) {
        watch(key, session.g, session.st === 'up' ? session.hbAt + SILENCE_MS : now());
      }
    }
    suspects.clear();
    return violation;
  };

  return {
    now,
    fail,
    must,
    check,
    violation: () => violation,
    onRun,
    onSession,
    onAlarm,
    onPush: (session: string, run: string, attempt: number): void => {
      const key = `${run}:${attempt}`;
      const holder = holders.get(key) ?? session;
      holders.set(key, session);
      const row = runs.get(run);
      if (row?.session?.id === session) {
        pushes.set(session, Math.max(pushes.get(session) ?? 0, row.seq ?? 0));
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
    holderOf: (run: string, attempt: number): string | undefined => holders.get(`${run}:${attempt}`),
    onSlow: (): void => {
      slow = true;
    },
    onAccepted: (id: string) => accepted.add(id),
    runs,
    sessions,
    alarms,
    accepted,
    freeSince,
    readySince,
    onClaim: (won: boolean): void => {
      claimed[won ? 'won' : 'lost'] += 1;
    },
    claimed: (): { readonly won: number; readonly lost: number } => claimed,
    executionsOf,
    executions: () => [...executions.values()].flat(),
    begin: (run: string, attempt: number, worker: string): Execution => {
      const execution: Execution = { run, attempt, worker, beganAt: now() };
      const all = executions.get(`${run}:${attempt}`) ?? [];
      all.push(execution);
      executions.set(`${run}:${attempt}`, all);
      must(
        all.length === 1,
        'executed_once',
        () => `attempt ${attempt} of run ${run} was executed by ${all.map((one) => one.worker).join(' and ')}`,
      );
      const row = runs.get(run);
      must(
        row === undefined || row.attempt !== attempt || now() >= row.dueAt - CLOCK_ERROR_MS,
        'never_early',
        () => `run ${run} began ${(row?.dueAt ?? 0) - now()} ms before its instant`,
      );
      return execution;
    },
  };
};
