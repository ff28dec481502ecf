/**
 * Time travel: a year of one-shot tasks and their retries in seconds. It plays what only time brings: schedules that wait for
 * months, alarms that change tiers on their way, hundreds of sessions that must leave no trace, and what all of it costs.
 */
import { execute, type Outcome, type Scenario } from './execution.ts';
import type { FaultRates } from './faults.ts';
import { autoscale } from './fleet/autoscaler.ts';
import { createWorld, type World } from './world.ts';
import { planYear, type Task, YEAR_MS } from './year-plan.ts';

const SECOND_MS = 1_000;
const MINUTE_MS = 60 * SECOND_MS;
const HOUR_MS = 60 * MINUTE_MS;
/** The last retries of a stubborn task take hours. */
const STORY_MS = YEAR_MS + 24 * HOUR_MS;

/** A worker comes ahead of a request under less notice than this: nobody else could begin it at its instant. */
const SHORT_NOTICE_MS = MINUTE_MS;
/** Without faults a first attempt begins within this after its instant: on a worker's clock, by chance of its offset. */
const PUNCTUAL_MS = 100;
/** A retry's alarm comes at least a second later, in whole seconds of SQS, and its consumer gathers for a second. */
const RETRY_LATE_MS = 2_500;

/** EventBridge carries what is further ahead than this when it is armed (A3). The alarm of a run is due 3 s before the run. */
const NEAR_MS = 15 * MINUTE_MS;
const DISPATCH_AHEAD_MS = 3 * SECOND_MS;
/** From the request, or from the end of an attempt, until the alarm is armed: some calls, and frames on their way. */
const ARMED_WITHIN_MS = 500;

/** R1: a second, doubled with each try that ended badly, an hour at most. */
const backoffMs = (tries: number): number => Math.min(HOUR_MS, SECOND_MS * 2 ** (tries - 1));

export type YearOptions = {
  readonly seed: number;
  /** Absent: nothing goes wrong. */
  readonly rates?: FaultRates;
  /** Takes the timeline, line by line. */
  readonly write?: (line: string) => void;
};

export type Year = {
  readonly outcome: Outcome;
  readonly tasks: number;
  readonly attempts: number;
  /** Workers that came and went. */
  readonly sessions: number;
  /** What EventBridge and SQS were asked to carry. */
  readonly schedules: number;
  readonly messages: number;
  /** How long after its instant a first attempt began at the latest. */
  readonly latestMs: number;
};

/** A bad year: timers that come early, late and twice, messages likewise, and functions that die. */
export const BAD_YEAR: FaultRates = {
  schedule_early: 0.1,
  schedule_late: 0.1,
  schedule_twice: 0.1,
  message_doubled: 0.03,
  message_delayed: 0.03,
  crash_before: 0.002,
  crash_after: 0.002,
};

const play = async (world: World, tasks: readonly Task[]): Promise<void> => {
  const { timeline, client } = world;
  const start = timeline.now();
  let answered = 0;
  for (const { order, askedAt, dueAt, direct } of tasks) {
    timeline.at(start + askedAt, () => {
      const timed = { ...order, inMs: dueAt - askedAt };
      void (direct ? client.submit(timed) : client.create(timed)).then(() => {
        answered += 1;
      });
    });
  }
  await autoscale(world, {
    expected: tasks.filter((task) => task.dueAt - task.askedAt < SHORT_NOTICE_MS).map((task) => start + task.askedAt),
    isOver: () => answered === tasks.length,
  });
  // Somebody is there when it is over, and his slots can be counted.
  const last = world.fleet.start('last', { slots: 1 });
  await world.until(last.welcomed);
};

/** How each attempt of a run was executed, the first one first. One that never began has none. */
const executionsOf = ({ ledger }: World, { id, attempt }: Run): readonly Execution[] =>
  Array.from({ length: attempt }, (_, index) => ledger.executionsOf(id, index + 1)[0]).filter(
    (execution) => execution !== undefined,
  );

/** How long after its instant the first attempt began. Negative: the worker's clock is right to within a frame's way. */
const latenessOf = (world: World, run: Run): number | undefined => {
  const [first] = executionsOf(world, run);
  return first === undefined ? undefined : first.beganAt - run.executeAt;
};

/** From the end of each attempt to the beginning of the next. */
const gapsOf = (world: World, run: Run): readonly number[] => {
  const executions = executionsOf(world, run);
  return executions.slice(1).map(({ beganAt }, index) => beganAt - (executions[index]?.endedAt ?? Number.NaN));
};

/** Instants that EventBridge carried: at least, and at most. A gap that is as long as its reach may be either. */
const schedulesOf = (world: World, { askedAt, dueAt }: Task, run: Run): readonly [least: number, most: number] => {
  const waits = [dueAt - askedAt, ...gapsOf(world, run)].map((ms) => ms - DISPATCH_AHEAD_MS);
  return [
    waits.filter((ms) => ms - ARMED_WITHIN_MS > NEAR_MS).length,
    waits.filter((ms) => ms > NEAR_MS - ARMED_WITHIN_MS).length,
  ];
};

/** Without faults it ends as it should, at its time, and costs what the protocol says that it costs. */
const checkTask = (world: World, task: Task): void => {
  const { client, ledger, queue } = world;
  const { order, ends, tries } = task;
  const [id = ''] = client.idsOf(order.label);
  const run = ledger.runs.get(id);
  if (run === undefined) {
    ledger.fail('nothing_lost', `${order.label} was asked for and is not there`);
    return;
  }
  const executions = executionsOf(world, run);
  ledger.must(
    run.status === ends && run.tries === tries && executions.length === tries + (ends === 'succeeded' ? 1 : 0),
    'tries_bounded',
    () =>
      `${order.label} (run ${id}) is ${run.status}, executed ${executions.length} times with ${run.tries} tries that ended badly: it should be ${ends} after ${tries}`,
  );
  const lateMs = latenessOf(world, run) ?? Number.NaN;
  ledger.must(
    lateMs >= -CLOCK_ERROR_MS && lateMs <= PUNCTUAL_MS,
    'on_time',
    () => `${order.label} (run ${id}) began ${lateMs} ms after its instant`,
  );
  for (const [index, gapMs] of gapsOf(world, run).entries()) {
    const bound = backoffMs(index + 1) + RETRY_LATE_MS;
    ledger.must(
      gapMs >= 0 && gapMs <= bound,
      'on_time',
      () => `try ${index + 2} of ${order.label} (run ${id}) began ${gapMs} ms after the one before: at most ${bound}`,
    );
  }
  const most = MESSAGES_PER_TRY * executions.length + schedulesOf(world, task, run)[1];
  ledger.must(
    queue.sentFor('run', id) <= most,
    'cost_bounded',
    () => `${queue.sentFor('run', id)} messages for ${order.label} (run ${id}): at most ${most}`,
  );
};

const checkGoodYear = (world: World, tasks: readonly Task[]): void => {
  const { ledger, schedules, client } = world;
  let [least, most] = [0, 0];
  for (const task of tasks) {
    checkTask(world, task);
    for (const id of client.idsOf(task.order.label)) {
      const run = ledger.runs.get(id);
      const [sure, possible] = run === undefined ? [0, 0] : schedulesOf(world, task, run);
      least += sure;
      most += possible;
    }
  }
  ledger.must(
    schedules.created() >= least && schedules.created() <= most,
    'cost_bounded',
    () => `${schedules.created()} schedules were created for ${least} to ${most} instants that are 15 minutes ahead`,
  );
};

/** @param rates absent: nothing goes wrong, and everything is on time */
export const simulateYear = async ({ seed, rates, write }: YearOptions): Promise<Year> => {
