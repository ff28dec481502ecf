/**
 * Time travel: a year of one-shot tasks and their retries in seconds. It plays what only time brings: schedules that wait for
 * months, alarms that change tiers on their way, hundreds of sessions that must leave no trace, and what all of it costs.
 */
import { execute, type Outcome, type Scenario } from './execution.ts';
import type { FaultRates } from './faults.ts';
import { autoscale } from './fleet/autoscaler.ts';
import type { World } from './world.ts';
import { checkBadYear, checkGoodYear, latestOf } from './year-checks.ts';
import { planYear, type Task, YEAR_MS } from './year-plan.ts';

/** The last retries of a stubborn task take hours. */
const STORY_MS = YEAR_MS + 24 * 60 * 60_000;
/** A worker comes ahead of a request under less notice than this: nobody else could begin it at its instant. */
const SHORT_NOTICE_MS = 60_000;

export type YearOptions = {
  readonly seed: number;
  /** Absent: nothing goes wrong, and everything must be on time. */
  readonly rates?: FaultRates;
  /** Takes the timeline, line by line. */
  readonly write?: (line: string) => void;
};

export type Year = {
  readonly outcome: Outcome;
  /** All of it in one line. */
  readonly line: string;
  /** The arguments of the command that shows it again. */
  readonly command: string;
  readonly tasks: number;
  /** Those that began. */
  readonly attempts: number;
  /** What EventBridge and SQS were given to carry, for runs and for workers' sessions. */
  readonly schedules: number;
  readonly messages: number;
  /** How long after its instant a first attempt began at the latest. */
  readonly latestMs: number;
};

/** Timers that come early, late and twice, messages that come late and twice, and functions that die. */
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
  // Somebody is there when it is over, so that his slots can be counted.
  const last = world.fleet.start('last', { slots: 1 });
  await world.until(last.welcomed);
};

const grouped = (value: number): string => value.toLocaleString('en-US');

export const simulateYear = async ({ seed, rates, write }: YearOptions): Promise<Year> => {
  const began = performance.now();
  const tasks = planYear(seed);
  const played: World[] = [];
  const scenario: Scenario = {
    name: rates === undefined ? 'year' : 'bad-year',
    storyMs: STORY_MS,
    play: (world) => {
      played.push(world);
      return play(world, tasks);
    },
    ending: (world) => (rates === undefined ? checkGoodYear : checkBadYear)(world, tasks),
  };
  const plan = rates === undefined ? { faults: [] } : { rates };
  const outcome = await execute(scenario, write === undefined ? { seed, plan } : { seed, plan, write });
  const [world] = played;
  if (world === undefined) {
    throw new Error('The year was never played');
  }
  const counts = {
    tasks: world.ledger.runs.size,
    attempts: world.ledger.executions().length,
    schedules: world.schedules.created(),
    messages: world.queue.sent(),
  };
  const latestMs = latestOf(world);
  const told = Object.entries(counts).map(([what, count]) => `${grouped(count)} ${what}`);
  const seconds = ((performance.now() - began) / 1_000).toFixed(1);
  return {
    outcome,
    line: `a ${rates === undefined ? 'year' : 'bad year'}: ${told.join(', ')}, latest first start ${grouped(latestMs)} ms after its instant, ${seconds} s`,
    command: `--scenario ${scenario.name} --seed ${seed} --trace`,
    ...counts,
    latestMs,
  };
};
