/**
 * Everything that may go wrong, in any order: lost and doubled frames, dead sockets, silent workers, processes that die
 * in the middle, alarms that ring twice, cancels. Then calm returns, and all must be well. A failure names its seed.
 */
import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import type { Committed } from '../../lib/application/ports/index.ts';
import { isRunOpen, isTerminal, type RunChange, type RunStatus, TRANSITIONS } from '../../lib/domain/run.ts';
import { attemptKey } from '../../lib/domain/session.ts';
import { CRASH, createWorld, type SocketMood, type World } from '../support/engine-world.ts';
import { createWorker, type WorldWorker } from '../support/world-worker.ts';

const MINUTE_MS = 60_000;
const LATER_MS = 20 * MINUTE_MS;

const place = fc.nat({ max: 1 });
const anyOf = <const T extends string>(...names: readonly T[]) => fc.record({ do: fc.constantFrom(...names), place });
const operation = fc.oneof(
  fc.record({
    do: fc.constant('submit' as const),
    aheadMs: fc.constantFrom(0, 0, 0, 5_000, LATER_MS),
    maxTries: fc.constantFrom(1, 3),
  }),
  anyOf('beat', 'finish', 'fail', 'finish unheard', 'start'),
  anyOf('beat', 'finish', 'drop socket', 'resume', 'goodbye', 'hello again'),
  fc.record({
    do: fc.constant('mood' as const),
    place,
    mood: fc.constantFrom<SocketMood>('open', 'gone', 'unknown', 'lossy'),
  }),
  fc.record({ do: fc.constantFrom('cancel', 'ring again'), index: fc.nat({ max: 5 }) }),
  fc.record({ do: fc.constant('live' as const), ms: fc.constantFrom(500, 3_000, 10_000, 15_000, 50_000) }),
  fc.record({ do: fc.constant('die' as const), after: fc.nat({ max: 12 }) }),
);
/** Up to three things happen at the same time. */
const moment = fc.array(operation, { minLength: 1, maxLength: 3 });
type Operation = typeof operation extends fc.Arbitrary<infer T> ? T : never;

/** Two worker processes. One that is told that its session is gone opens another and keeps what it holds (S2, K5). */
const createFleet = (world: World) => {
  const workers: WorldWorker[] = [];
  let opened = 0;
  const open = async (at: number): Promise<void> => {
    const before = workers[at];
    opened += 1;
    const worker = createWorker(world, `worker-${opened}`, { slots: 2 });
    workers[at] = worker;
    for (const key of before?.held ?? []) {
      worker.held.add(key);
    }
    await worker.hello(before === undefined ? {} : { replaces: before.session });
  };
  const at = (index: number): WorldWorker => {
    const worker = workers[index];
    if (worker === undefined) {
      throw new Error('The fleet is not there yet');
    }
    return worker;
  };
  return { open, at, isGone: (index: number) => at(index).received.some(({ type }) => type === 'gone') };
};

/**
 * Watches the promises while they may be broken; lets the process die when it is told to, and the calls of those who work
 * at the same time overtake each other.
 */
const createJudge = (world: World, pauses: () => number) => {
  const ends = new Map<string, number>();
  const adopted = new Set<string>();
  let dieIn = Number.POSITIVE_INFINITY;
  world.watch(async ({ when, name, args, answer }) => {
    for (let pause = pauses(); pause > 0; pause -= 1) {
      await null;
    }
    if (when === 'after' && name === 'runs.commit' && (answer as Committed).kind === 'won') {
      const [{ id, transition, expect: expected }] = args as [RunChange];
      if (isTerminal(TRANSITIONS[transition].to) && transition !== 'record_evidence') {
        ends.set(id, (ends.get(id) ?? 0) + 1);
      }
      if (transition === 'adopt') {
        adopted.add(attemptKey(id, expected.attempt ?? 0));
      }
    }
    dieIn -= 1;
    if (dieIn < 0) {
      dieIn = Number.POSITIVE_INFINITY;
      throw CRASH;
    }
  });
  return {
    ends,
    adopted,
    dieAfter: (calls: number) => {
      dieIn = calls;
    },
  };
};

const survive = async (work: () => Promise<unknown>): Promise<void> => {
  try {
    await work();
  } catch (error) {
    if (error !== CRASH) {
      throw error;
    }
  }
};

const perform = async (
  one: Operation,
  world: World,
  fleet: ReturnType<typeof createFleet>,
  judge: ReturnType<typeof createJudge>,
): Promise<unknown> => {
  switch (one.do) {
    case 'submit':
      return world.submit({ executeAt: world.now() + one.aheadMs, maxTries: one.maxTries, timeoutMs: MINUTE_MS });
    case 'live':
      return world.live(one.ms);
    case 'die':
      return judge.dieAfter(one.after);
    case 'cancel': {
      const runs = await world.allRuns();
      const run = runs[one.index % Math.max(1, runs.length)];
      return run && world.engine.cancelRun(run.id);
    }
    case 'ring again': {
      const alarm = world.alarms()[one.index];
      return alarm && world.engine.ring(alarm);
    }
    default:
  }
  const worker = fleet.at(one.place);
  const [held] = worker.holding();
  switch (one.do) {
    case 'mood':
      return world.setMood(worker.conn(), one.mood);
    case 'beat':
      return worker.heartbeat();
    case 'finish':
      return held && worker.finish([held]);
    case 'fail':
      return held && worker.finish([held], { outcome: 'failed', error: 'no' });
    case 'finish unheard':
      return held && worker.finishUnheard(held);
    case 'start':
      return held && worker.started(held);
    case 'drop socket':
      return world.engine.disconnect(worker.conn());
    case 'resume':
      return worker.resume();
    case 'goodbye':
      return worker.goodbye();
    case 'hello again':
      return fleet.open(one.place);
  }
};

/** Nothing goes wrong any more: sockets are new and hold, hearts beat, workers finish what they are given. */
const calmDown = async (world: World, fleet: ReturnType<typeof createFleet>): Promise<void> => {
  await Promise.all([0, 1].map((index) => fleet.at(index).resume()));
  for (let quarter = 0; quarter < 160; quarter += 1) {
    for (const index of [0, 1]) {
      if (fleet.isGone(index)) {
        await fleet.open(index);
      }
      const holding = fleet.at(index).holding();
      if (holding.length > 0) {
        await fleet.at(index).finish(holding);
      }
      await fleet.at(index).heartbeat();
    }
    if (quarter % 10 === 0 && !(await world.allRuns()).some(isRunOpen)) {
      break;
    }
    await world.live(15_000);
  }
};

it('whatever goes wrong, in the end all is well', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(moment, { maxLength: 40, size: 'max' }), fc.nat(), async (moments, seed) => {
      const world = createWorld({ seed });
      const judge = createJudge(world, () => Math.floor(world.ports.chance() * 6));
      const fleet = createFleet(world);
      await fleet.open(0);
      await fleet.open(1);
      for (const operations of moments) {
        await Promise.all(operations.map((one) => survive(() => perform(one, world, fleet, judge))));
      }
      judge.dieAfter(Number.POSITIVE_INFINITY);
      await calmDown(world, fleet);

      const runs = await world.allRuns();
      for (const run of runs) {
        expect(isTerminal(run.status) && !isRunOpen(run), `run ${run.id} is ${run.status}`).toBe(true);
        expect(judge.ends.get(run.id), `ends of run ${run.id}`).toBe(1);
        expect(run.tries).toBeLessThanOrEqual(run.maxTries);
        const failed = run.status === 'failed' || run.status === 'timed_out';
        expect(world.exceptions().some(({ id }) => id === `run:${run.id}`)).toBe(failed);
      }

      // One valid attempt: no two sessions were ever given the same, unless one took it over from the other.
      const holders = new Map<string, Set<string>>();
      for (const { frame } of world.posted) {
        for (const { run, attempt } of frame.type === 'run' ? frame.runs : []) {
          const key = attemptKey(run, attempt);
          holders.set(key, (holders.get(key) ?? new Set()).add(frame.type === 'run' ? frame.session : ''));
        }
      }
      for (const [key, sessions] of holders) {
        expect(sessions.size === 1 || judge.adopted.has(key), `${key} was given to ${[...sessions]}`).toBe(true);
      }

      // The totals agree with the rows, however the stream was cut.
      await world.count();
      const statuses = Map.groupBy(runs, ({ status }) => status);
      const counted = Object.entries(await world.ports.counts.read()).filter(([, count]) => count !== 0);
      expect(new Map(counted)).toEqual(
        new Map([...statuses].map(([status, rows]): [RunStatus, number] => [status, rows.length])),
      );

      // Left alone, nothing remains that would ring for ever.
      await world.live(20 * MINUTE_MS);
      expect(world.alarms()).toEqual([]);
    }),
    { numRuns: 300 },
  );
});
