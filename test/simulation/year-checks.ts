/** What must have come of a year of tasks, beyond the promises that are checked after every step. */
import type { Run } from '../../lib/domain/run.ts';
import type { Execution } from './account/executions.ts';
import { isOpenRun } from './account/runs.ts';
import type { World } from './world.ts';
import type { Task } from './year-plan.ts';

const SECOND_MS = 1_000;
const MINUTE_MS = 60 * SECOND_MS;
const HOUR_MS = 60 * MINUTE_MS;

/**
 * A first attempt begins within this after its instant. Not before it, on the clock of its worker, which is off by the way
 * of one frame at most (cloud/gateway.ts).
 */
const PUNCTUAL_MS = 100;
const CLOCK_ERROR_MS = 10;
/** A retry's alarm comes a second later at least, SQS counts in whole seconds, and its consumer gathers for a second. */
const RETRY_LATE_MS = 2_500;

/** EventBridge carries what is further ahead than this when it is armed (A3). The alarm of a run is due 3 s before the run. */
const NEAR_MS = 15 * MINUTE_MS;
const DISPATCH_AHEAD_MS = 3 * SECOND_MS;
/** From the request, or from the end of an attempt, until the alarm is armed: some calls, and frames on their way. */
const ARMED_WITHIN_MS = 500;

/** An attempt costs the message that brings it and the one that looks after it (A1); a schedule sends one more. */
const MESSAGES_PER_ATTEMPT = 2;
/** A session costs the message of its greeting and one for every 30 s at the most: few workers stay for more than a minute. */
const MESSAGES_PER_SESSION = 3;
/** Each arming, sending-on and crash of a bad year may make another one, and what was doubled lives for eight hops (A6). */
const MESSAGES_OF_BAD_YEAR = 20;

/** R1: a second, doubled with each try that ended badly, an hour at most. */
const backoffMs = (tries: number): number => Math.min(HOUR_MS, SECOND_MS * 2 ** (tries - 1));

type History = {
  readonly executions: readonly Execution[];
  /** From its instant to the beginning of the first attempt. */
  readonly lateMs: number;
  /** From the end of each attempt to the beginning of the next one. */
  readonly gapsMs: readonly number[];
};

const historyOf = ({ ledger }: World, run: Run): History => {
  const executions = Array.from({ length: run.attempt }, (_, index) => ledger.executionsOf(run.id, index + 1)).flat();
  return {
    executions,
    lateMs: (executions[0]?.beganAt ?? Number.NaN) - run.executeAt,
    gapsMs: executions.slice(1).map(({ beganAt }, index) => beganAt - (executions[index]?.endedAt ?? Number.NaN)),
  };
};

/** @returns how long after its instant a first attempt began at the latest */
export const latestOf = (world: World): number =>
  [...world.ledger.runs.values()].reduce((latest, run) => Math.max(latest, historyOf(world, run).lateMs || 0), 0);

/** What EventBridge had to carry. What waited for as long as its reach, to within the time of arming, may be either. */
const schedulesOf = (
  { askedAt, dueAt }: Task,
  { gapsMs }: History,
): { readonly least: number; readonly most: number } => {
  const waits = [dueAt - askedAt, ...gapsMs].map((ms) => ms - DISPATCH_AHEAD_MS);
  return {
    least: waits.filter((ms) => ms - ARMED_WITHIN_MS > NEAR_MS).length,
    most: waits.filter((ms) => ms + ARMED_WITHIN_MS > NEAR_MS).length,
  };
};

const runsOf = ({ client, ledger }: World, { order }: Task): readonly Run[] =>
  [...client.idsOf(order.label)].flatMap((id) => ledger.runs.get(id) ?? []);

const checkCourse = ({ ledger }: World, { order, ends, tries }: Task, run: Run, history: History): void => {
  const name = `${order.label} (run ${run.id})`;
  const begun = history.executions.length;
  ledger.must(
    run.status === ends && run.tries === tries && begun === tries + (ends === 'succeeded' ? 1 : 0),
    'tries_bounded',
    () =>
      `${name} is ${run.status} after ${run.tries} of ${begun} attempts went badly: it should be ${ends} after ${tries}`,
  );
  ledger.must(
    history.lateMs >= -CLOCK_ERROR_MS && history.lateMs <= PUNCTUAL_MS,
    'on_time',
    () => `${name} began ${history.lateMs} ms after its instant`,
  );
  for (const [index, gapMs] of history.gapsMs.entries()) {
    const mostMs = backoffMs(index + 1) + RETRY_LATE_MS;
    ledger.must(
      gapMs >= -CLOCK_ERROR_MS && gapMs <= mostMs,
      'on_time',
      () => `attempt ${index + 2} of ${name} began ${gapMs} ms after the end of the one before: ${mostMs} at most`,
    );
  }
};

/** Nothing went wrong: each task ended as it should, at its time, for the price that the protocol names. */
export const checkGoodYear = (world: World, tasks: readonly Task[]): void => {
  const { ledger, queue, schedules } = world;
  let [least, most, ofRuns] = [0, 0, 0];
  for (const task of tasks) {
    const runs = runsOf(world, task);
    ledger.must(
      runs.length === 1,
      'nothing_lost',
      () => `${task.order.label} was asked for and made ${runs.length} runs`,
    );
    for (const run of runs) {
      const history = historyOf(world, run);
      checkCourse(world, task, run, history);
      const carried = schedulesOf(task, history);
      least += carried.least;
      most += carried.most;
      const messages = queue.sentFor('run', run.id);
      ofRuns += messages;
      ledger.must(
        messages <= MESSAGES_PER_ATTEMPT * run.attempt + carried.most,
        'cost_bounded',
        () => `${messages} messages for ${run.attempt} attempts of run ${run.id}, ${carried.most} of them far ahead`,
      );
    }
  }
  ledger.must(
    schedules.created() >= least && schedules.created() <= most,
    'cost_bounded',
    () => `${schedules.created()} schedules for ${least} to ${most} attempts that were 15 minutes ahead`,
  );
  ledger.must(
    queue.sent() - ofRuns <= MESSAGES_PER_SESSION * world.sessionsMade(),
    'cost_bounded',
    () => `${queue.sent() - ofRuns} messages for ${world.sessionsMade()} sessions`,
  );
};

/** Things went wrong: each task has ended all the same, and nothing has run away. */
export const checkBadYear = (world: World, tasks: readonly Task[]): void => {
  const { ledger, queue } = world;
  for (const task of tasks) {
    const runs = runsOf(world, task);
    // Without a key the client does not ask again, and an instant that has passed is refused.
    const certain = task.order.keyed === true && !task.direct && task.dueAt - task.askedAt > HOUR_MS;
    ledger.must(runs.length === 1 || !certain, 'nothing_lost', () => `${task.order.label} made ${runs.length} runs`);
  }
  for (const run of ledger.runs.values()) {
    ledger.must(!isOpenRun(run), 'quiet_in_time', () => `run ${run.id} is ${run.status} after the year`);
    const messages = queue.sentFor('run', run.id);
    ledger.must(
      messages <= MESSAGES_OF_BAD_YEAR * Math.max(1, run.attempt),
      'cost_bounded',
      () => `${messages} messages for ${run.attempt} attempts of run ${run.id}`,
    );
  }
};
