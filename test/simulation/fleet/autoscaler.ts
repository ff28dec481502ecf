/**
 * Brings workers when something is due and sends them home when nothing is: an idle worker would say that it lives every 15 s,
 * two million times a year. As instances in the cloud, each is new, with a name and a disk of its own.
 */
import type { Run } from '../../../lib/domain/run.ts';
import { isOpenRun } from '../account/runs.ts';
import type { World } from '../world.ts';
import type { WorkerHandle } from './fleet.ts';

/** They come so long before the first instant, and are looked after so often while they are there. */
const AHEAD_MS = 10_000;
const LOOK_MS = 5_000;
/** They go when nothing is due within this. */
const LULL_MS = 60_000;
const SLOTS = 20;
/** Something is wrong with a run that workers have waited for so long, and they need not wait for the rest of the year. */
const STUCK_MS = 2 * 60 * 60_000;
/** A drain takes a minute and the goodbye (lib/worker/agent.ts); then the instance is switched off. */
const LEFT_WITHIN_MS = 65_000;

type Shift = {
  /** Instants of requests that are to be executed at once, in order: only who sends them knows of those. */
  readonly expected: readonly number[];
  /** Whether nothing more will be asked for. */
  readonly isOver: () => boolean;
};

/** Serves until everything that was asked for has ended. */
export const autoscale = async (
  { timeline, ledger, fleet, until }: World,
  { expected, isOver }: Shift,
): Promise<void> => {
  let staff: WorkerHandle[] = [];
  let hired = 0;
  let passed = 0;
  const known = new Set<string>();
  const open = new Set<string>();

  /** Terminal is final: whoever went through all rows each time would take the square of their number. */
  const openRuns = (): readonly Run[] => {
    for (const id of ledger.runs.size > known.size ? ledger.runs.keys() : []) {
      if (!known.has(id)) {
        known.add(id);
        open.add(id);
      }
    }
    return [...open].flatMap((id) => {
      const run = ledger.runs.get(id);
      if (run !== undefined && isOpenRun(run)) {
        return run;
      }
      open.delete(id);
      return [];
    });
  };

  /** When something is due next, and how much is within a lull from now. */
  const look = (): { readonly nextAt: number; readonly count: number } => {
    const soon = timeline.now() + LULL_MS;
    let nextAt = Number.POSITIVE_INFINITY;
    let count = 0;
    const add = (instant: number): void => {
      nextAt = Math.min(nextAt, instant);
      count += instant <= soon ? 1 : 0;
    };
    while ((expected[passed] ?? Number.POSITIVE_INFINITY) < timeline.now() - LOOK_MS) {
      passed += 1;
    }
    for (let index = passed; (expected[index] ?? Number.POSITIVE_INFINITY) <= soon; index += 1) {
      add(expected[index] ?? 0);
    }
    nextAt = Math.min(nextAt, expected[passed] ?? Number.POSITIVE_INFINITY);
    for (const run of openRuns()) {
      add(run.dueAt);
      ledger.must(
        timeline.now() - run.dueAt < STUCK_MS,
        'quiet_in_time',
        () => `run ${run.id} is ${run.status}, hours after it was due`,
      );
    }
    return { nextAt, count };
  };

  const staffFor = (count: number): void => {
    while (staff.length < 1 + Math.floor(count / SLOTS)) {
      hired += 1;
      staff.push(fleet.start(`worker-${hired}`, { slots: SLOTS }));
    }
  };

  const sendHome = async (): Promise<void> => {
    const leaving = staff;
    staff = [];
    await Promise.all(
      leaving.map(async (worker) => {
        fleet.plans.delete(worker.name);
        await Promise.race([worker.drain(), timeline.pause(LEFT_WITHIN_MS)]);
        worker.kill();
      }),
    );
  };

  for (;;) {
    const { nextAt, count } = look();
    if (count > 0) {
      staffFor(count);
      await timeline.pause(LOOK_MS);
    } else if (staff.length > 0) {
      await sendHome();
    } else if (nextAt < Number.POSITIVE_INFINITY || !isOver()) {
      const over = isOver();
      await until(() => ledger.runs.size > known.size || isOver() !== over, nextAt - AHEAD_MS - timeline.now());
    } else {
      return;
    }
  }
};
