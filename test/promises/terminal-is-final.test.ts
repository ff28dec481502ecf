import { describe, expect, it } from 'vitest';
import type { CancelResult } from '../../lib/application/api.ts';
import type { Committed } from '../../lib/application/ports/index.ts';
import { isTerminal, type Run, type RunChange, TRANSITIONS, type TransitionName } from '../../lib/domain/run.ts';
import { createWorld, type PortCall, type World } from '../support/engine-world.ts';
import { createWorker, type WorldWorker } from '../support/world-worker.ts';

const TIMEOUT_MS = 10_000;
/** The worker's time, and the 15 s in which it would have killed and reported the run. */
const OVERDUE_MS = TIMEOUT_MS + 15_000;

type Scene = {
  readonly world: World;
  readonly worker: WorldWorker;
  readonly id: string;
  readonly cancelled: CancelResult[];
};
const EVENTS: Record<string, (scene: Scene) => Promise<unknown>> = {
  cancel: async ({ world, id, cancelled }) => cancelled.push(await world.engine.cancelRun(id)),
  'a good result': ({ worker, id }) => worker.finish([worker.orderOf(id)], { output: 'done' }),
  'a bad result': ({ worker, id }) => worker.finish([worker.orderOf(id)], { outcome: 'failed', error: 'no' }),
  timeout: async ({ world, id }) => {
    for (const alarm of world.alarms().filter(({ key }) => key.id === id)) {
      await world.engine.ring(alarm);
    }
  },
  'the loss of its worker': async ({ world, worker }) => {
    await worker.goodbye();
    for (const alarm of world.alarms().filter(({ key }) => key.id === worker.session)) {
      await world.engine.ring(alarm);
    }
  },
};
const ENDS: Record<string, Run['status']> = {
  cancel: 'cancelled',
  'a good result': 'succeeded',
  'a bad result': 'failed',
  timeout: 'timed_out',
  'the loss of its worker': 'failed',
};
const NAMES = Object.keys(EVENTS);
const happen = (name: string, scene: Scene): Promise<unknown> => EVENTS[name]?.(scene) ?? Promise.resolve();

/** A run with one try, in flight and out of time: everything that may end it can happen now. */
const setScene = async (): Promise<Scene> => {
  const world = createWorld();
  const worker = createWorker(world, 'worker');
  await worker.hello();
  const id = await world.submit({ maxTries: 1, timeoutMs: TIMEOUT_MS });
  await worker.heartbeat();
  world.pass(OVERDUE_MS);
  await worker.heartbeat();
  return { world, worker, id, cancelled: [] };
};

/** The writes that ended the run, in their order: there must be one. */
const endsOf = ({ name, args, answer }: PortCall): readonly TransitionName[] => {
  const [{ transition }] = name === 'runs.commit' ? (args as [RunChange]) : [{ transition: 'start' as const }];
  const ended = isTerminal(TRANSITIONS[transition].to) && transition !== 'record_evidence';
  return ended && (answer as Committed).kind === 'won' ? [transition] : [];
};

const permutations = (names: readonly string[]): string[][] =>
  names.length === 0
    ? [[]]
    : names.flatMap((name) => permutations(names.filter((other) => other !== name)).map((rest) => [name, ...rest]));

describe('terminal is final', () => {
  it.each(permutations(['cancel', 'timeout', 'a good result']))(
    '%s, then %s, then %s',
    async (first, second, third) => {
      const scene = await setScene();
      const { world, worker, id, cancelled } = scene;
      const statuses: Run['status'][] = [];
      for (const name of [first, second, third]) {
        await happen(name, scene);
        statuses.push((await world.run(id)).status);
      }
      expect(statuses).toEqual(Array(3).fill(ENDS[first]));
      // The later ones are no-ops that say so.
      expect(cancelled.map(({ kind }) => kind)).toEqual([first === 'cancel' ? 'cancelled' : 'already_ended']);
      const stale = worker.received.some(({ type }) => type === 'stale');
      expect(stale).toBe(first === 'timeout');
    },
  );

  const pairs = NAMES.flatMap((late) => NAMES.map((quick) => [late, quick] as const));
  it.each(pairs)('%s, about to be written when %s comes', async (late, quick) => {
    const scene = await setScene();
    const { world, id } = scene;
    const ends: TransitionName[] = [];
    let overtaken = false;
    world.watch(async (call) => {
      if (call.when === 'after') {
        ends.push(...endsOf(call));
      } else if (call.name === 'runs.commit' && !overtaken) {
        overtaken = true;
        await happen(quick, scene);
      }
    });
    await happen(late, scene);
    expect(overtaken).toBe(true);
    expect(ends).toHaveLength(1);
    expect((await world.run(id)).status).toBe(ENDS[quick]);
  });

  it.each(['a good result', 'a bad result'])(
    '%s that loses to a cancel proves the end of the process',
    async (result) => {
      const scene = await setScene();
      scene.world.watch(async ({ when, name }) => {
        if (when === 'before' && name === 'runs.commit') {
          scene.world.watch(undefined);
          await happen('cancel', scene);
        }
      });
      await happen(result, scene);
      expect(await scene.world.run(scene.id)).toMatchObject({ status: 'cancelled', evidence: { state: 'exited' } });
      expect(scene.worker.received.map(({ type }) => type)).not.toContain('stale');
    },
  );

  it('evidence is recorded once', async () => {
    const scene = await setScene();
    const { world, worker, id } = scene;
    await happen('cancel', scene);
    await worker.finish([worker.orderOf(id)], { outcome: 'cancelled', signal: 'SIGTERM' });
    const proven = await world.run(id);
    expect(proven).toMatchObject({ evidence: { state: 'exited', signal: 'SIGTERM' } });
    await worker.finish([worker.orderOf(id)], { outcome: 'cancelled', signal: 'SIGKILL' });
    await happen('a good result', scene);
    expect(await world.run(id)).toEqual(proven);
    expect(worker.received.filter(({ type }) => type === 'stale')).toHaveLength(2);
  });
});
