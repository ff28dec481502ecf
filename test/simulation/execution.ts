/** One execution: a scenario is played, calm returns, everything comes to rest, and the account is settled. */
import type { Run } from '../../lib/domain/run.ts';
import { checkEnds, checkService, checkTotals, HEARD_WITHIN_MS, wrongCredit } from './account/at-rest.ts';
import { settleJobs } from './account/jobs-at-rest.ts';
import { isOpenRun } from './account/runs.ts';
import { checkSagaEnds, settleSagas } from './account/sagas-at-rest.ts';
import type { Fault, FaultKind, FaultPlan } from './faults.ts';
import type { Violation } from './promises.ts';
import { createWorld, type World } from './world.ts';

export type Scenario = {
  readonly name: string;
  /** Tells the story. Faults strike while it does. */
  readonly play: (world: World) => Promise<void>;
  /** It ends within this. Default: a day. */
  readonly storyMs?: number;
  /** What must have come of it, beyond the promises. `gentle`: at most one fault, and none that harms a worker. */
  readonly ending?: (world: World, gentle: boolean) => void;
};

export type Outcome = {
  readonly violation: Violation | undefined;
  /** What took effect. */
  readonly struck: readonly (Fault & { readonly opportunities: Readonly<Record<FaultKind, number>> })[];
  readonly opportunities: Readonly<Record<FaultKind, number>>;
  /** From the moment at which nothing went wrong any more until every run was over. */
  readonly restMs: number;
  readonly calls: ReadonlyMap<string, number>;
  readonly crashed: ReadonlySet<string>;
};

const MINUTE_MS = 60_000;
/** The story itself; rest, from the moment at which nothing goes wrong any more; and the end of every alarm. */
const STORY_MS = 24 * 60 * MINUTE_MS;
const REST_MS = 45 * MINUTE_MS;
const SILENCE_MS = 150 * MINUTE_MS;
/** One that waited for a person is looked at every 60 days. */
const SAGA_SILENCE_MS = 62 * 24 * 60 * MINUTE_MS;
/** Two heartbeats and the time after which a worker voids a gap: every slot is told of again by then. */
const CREDIT_MS = 66_000;
/** A story may have put a worker to sleep for so long at its end. */
const AWAKE_MS = 5 * MINUTE_MS;

/** What costs no try, and changes nothing about how a story ends, where it is the only fault. */
const HARMLESS: ReadonlySet<FaultKind> = new Set([
  'crash_before',
  'crash_after',
  'throttled',
  'answer_lost',
  'answer_repeated',
  'transaction_conflict',
  'stale_read',
  'message_doubled',
  'message_delayed',
  'message_kept',
  'schedule_early',
  'schedule_late',
  'schedule_twice',
  'post_lost',
  'post_failed',
  'post_unsure',
  'post_doubled',
  'frame_lost',
  'frame_doubled',
  'records_repeated',
  'request_doubled',
]);

export const execute = async (
  scenario: Scenario,
  { seed, plan, write }: { readonly seed: number; readonly plan: FaultPlan; readonly write?: (line: string) => void },
): Promise<Outcome> => {
  const world = createWorld(write === undefined ? { seed, plan } : { seed, plan, write });
  const { timeline, ledger, faults, functions, queue, fleet, gateway, stream, teller } = world;
  let calmAt = Number.POSITIVE_INFINITY;

  /** Lives on until it holds. @returns whether it did in time; a violation ends everything */
  const live = async (withinMs: number, holds: () => boolean): Promise<boolean> => {
    const end = timeline.now() + withinMs;
    while (ledger.violation() === undefined && !holds()) {
      if (!(await timeline.step(end))) {
        timeline.passTo(end);
        return holds();
      }
      if (ledger.check() !== undefined) {
        return false;
      }
      checkService(world, calmAt);
      // A message may come back once too often from before the calm.
      if (faults.isCalm() && queue.dead().length > 0) {
        queue.redrive();
      }
      world.look();
      // Whoever was waiting goes on now: the next event must not overtake him.
      await timeline.step(timeline.now() - 1);
    }
    return ledger.violation() === undefined;
  };
  const mustRest = async (withinMs: number, holds: () => boolean, what: () => string): Promise<void> => {
    if (!(await live(withinMs, holds))) {
      ledger.fail('quiet_in_time', what());
    }
  };
  const openRuns = (): Run[] => [...ledger.runs.values()].filter(isOpenRun);
  const atRest = (): boolean => openRuns().length === 0 && functions.atWork() === 0;

  let told = false;
  const story = scenario.play(world).then(() => {
    told = true;
  });
  // What it begins with comes as far as its first wait: else the first event, minutes ahead perhaps, would overtake it.
  await timeline.step(timeline.now() - 1);
  await mustRest(
    scenario.storyMs ?? STORY_MS,
    () => told,
    () => 'the story does not end',
  );
  if (told) {
    await story;
  }

  faults.calm();
  calmAt = timeline.now();
  gateway.heal();
  queue.redrive();
  for (const name of fleet.plans.keys()) {
    fleet.restart(name);
  }
  await settleJobs(world, live);
  await settleSagas(world, live);
  const lastDue = (): number => openRuns().reduce((latest, { dueAt }) => Math.max(latest, dueAt), calmAt);
  // A retry moves the instant that is waited for, an hour at most each time.
  for (let end = 0; end < lastDue() + REST_MS && !atRest(); ) {
    end = lastDue() + REST_MS;
    await live(end - timeline.now(), atRest);
  }
  if (!atRest()) {
    const open = openRuns().map(({ id, status }) => `run ${id} is ${status}`);
    ledger.fail('quiet_in_time', `${open.join(', ')} ${REST_MS / MINUTE_MS} calm minutes after it was due`);
  }
  const restMs = timeline.now() - calmAt;
  const restedAt = timeline.now();
  const isAwake = (name: string): boolean => timeline.now() - (fleet.awakeSince(name) ?? timeline.now()) >= CREDIT_MS;
  const isHeard = (): boolean => timeline.now() >= restedAt + HEARD_WITHIN_MS;
  const hadTime = (): boolean => timeline.now() >= restedAt + CREDIT_MS && fleet.names().every(isAwake);
  await live(AWAKE_MS, () => isHeard() && (wrongCredit(world) === undefined || hadTime()));
  const wrong = wrongCredit(world);
  if (wrong !== undefined) {
    ledger.fail(wrong.promise, wrong.detail);
  }

  let left = false;
  const leaving = fleet.drainAll().then(() => {
    left = true;
  });
  await mustRest(
    teller.started() === 0 ? SILENCE_MS : SAGA_SILENCE_MS,
    () => left && functions.atWork() === 0 && ledger.alarms.size === 0 && ledger.sessions.size === 0 && stream.isRead(),
    () => `alarms of ${[...ledger.alarms.keys()].join(', ')} ring on though everybody has left`,
  );
  if (left) {
    await leaving;
  }
  if (ledger.violation() === undefined) {
    checkEnds(world);
    await checkTotals(world);
    await checkSagaEnds(world);
    const struck = faults.struck();
    const gentle = struck.length === 0 || (struck.length === 1 && HARMLESS.has(struck[0]?.kind ?? 'worker_died'));
    scenario.ending?.(world, gentle);
  }
  return {
    violation: ledger.violation(),
    struck: faults.struck(),
    opportunities: faults.opportunities(),
    restMs,
    calls: functions.calls,
    crashed: functions.crashed,
  };
};
