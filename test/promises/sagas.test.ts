import { describe, expect, it } from 'vitest';
import { createEngine } from '../../lib/application/engine.ts';
import type { SagaWritten } from '../../lib/application/ports/index.ts';
import { isTerminal } from '../../lib/domain/run.ts';
import { isSagaEnded, type Saga } from '../../lib/domain/saga/saga.ts';
import {
  createSagaWorld,
  FAILED,
  INSTANCE,
  MINUTE_MS,
  type SagaWorld,
  type Script,
  SECOND_MS,
  step,
} from '../application/sagas/saga-world.ts';
import { CRASH, type PortCall } from '../support/engine-world.ts';

const undoable = (id: string, more = {}) => step(id, { compensate: { config: { handler: `undo_${id}` } }, ...more });

/** Two steps beside each other, a sub-transaction, and one that fails for good: all of it is undone. */
const TASKS = (child: string) => [
  undoable('a'),
  undoable('b', { depends_on: ['a'] }),
  undoable('c', { depends_on: ['a'] }),
  step('sub', { type: 'flow', config: { flow_id: child }, depends_on: ['b', 'c'] }),
  step('d', { depends_on: ['sub'], retry: { strategy: 'no_retry' } }),
];
const FAILS_LAST: Script = ({ step }) => (step === 'd' ? FAILED : undefined);

type Ended = { readonly world: SagaWorld; readonly order: readonly string[] };

/** Lives through it with a crash at one call of a port. A caller who hears nothing asks again, and so does a worker. */
const live = async (
  crashAt: number,
  when: PortCall['when'],
  script: Script,
): Promise<Ended & { readonly calls: number }> => {
  const world = await createSagaWorld();
  const flow = await world.define(TASKS(await world.define([step('x', { task_name: 'a' })])));
  let [calls, isWatched] = [0, true];
  world.watch((call) => {
    if (call.when === when && isWatched) {
      calls += 1;
      if (calls === crashAt) {
        throw CRASH;
      }
    }
  });
  const again = async (act: () => Promise<unknown>): Promise<void> => {
    await act().catch((error: unknown) => {
      expect(error).toBe(CRASH);
      return act();
    });
  };
  const order: string[] = [];
  await again(() => world.begin(flow));
  const hasEnded = async (): Promise<boolean> => {
    isWatched = false;
    const saga = await world.saga();
    isWatched = true;
    return isSagaEnded(saga);
  };
  for (let round = 0; round < 12 && !(await hasEnded()); round += 1) {
    await world.work((run) => {
      order.push(`${run.undo ? 'undo ' : ''}${run.step}`);
      return script(run);
    }, again);
    await world.live(30 * SECOND_MS, again);
  }
  world.watch(undefined);
  return { world, order, calls };
};

describe('a transaction whose functions crash', () => {
  it.each(['before', 'after'] as const)('ends as it would, wherever that is: %s any call of a port', async (when) => {
    const whole = await live(0, when, FAILS_LAST);
    expect(whole.order).toEqual(['a', 'b', 'c', 'x', 'd', 'undo b', 'undo c', 'undo a']);
    for (let crashAt = 1; crashAt <= whole.calls; crashAt += 1) {
      const { world, order } = await live(crashAt, when, FAILS_LAST);
      const saga = await world.saga();
      expect(saga.status, `a crash ${when} call ${crashAt}`).toBe('compensated');
      // Siblings may change places; nothing is done or undone twice.
      expect(order.toSorted(), `a crash ${when} call ${crashAt}`).toEqual(whole.order.toSorted());
      expect(order.indexOf('a')).toBe(0);
      expect(order.at(-1)).toBe('undo a');
      expect(await world.open()).toEqual([]);
      const runs = await world.ports.sagas.runsOf(saga.no, 'consistent');
      expect(runs.filter(({ status }) => !isTerminal(status))).toEqual([]);
    }
  });
});

describe('the alarm of a transaction', () => {
  it('is armed before its row is written', async () => {
    const world = await createSagaWorld();
    let rows = 0;
    world.watch(({ when, name, args, answer }) => {
      const isWritten = name === 'sagas.create' || (name === 'sagas.commit' && (answer as SagaWritten) === 'done');
      const saga = args[name === 'sagas.create' ? 0 : 1] as Saga;
      if (when === 'after' && isWritten && !isSagaEnded(saga)) {
        rows += 1;
        const watching = world
          .alarms()
          .filter(({ key, g }) => key.kind === 'saga' && key.id === saga.no && g === saga.g);
        // It comes within the 20 s that whoever wrote the row has to create what the row names.
        expect(watching.map(({ dueAt }) => dueAt <= world.now() + 20 * SECOND_MS)).toEqual([true]);
      }
    });
    await world.begin(await world.define([undoable('a', { timeout: 3_600 }), step('b', { depends_on: ['a'] })]));
    await world.live(10 * MINUTE_MS);
    await world.work();
    expect(rows).toBe(2);
  });

  it('is one for a transaction of many quick steps', async () => {
    const world = await createSagaWorld();
    const armed: number[] = [];
    world.watch(({ when, name, args }) => {
      const [alarm] = args as [{ key: { kind: string }; g: number }];
      if (when === 'before' && name === 'alarms.send' && alarm.key.kind === 'saga') {
        armed.push(alarm.g);
      }
    });
    await world.begin(
      await world.define([
        step('a'),
        ...Array.from({ length: 9 }, (_, at) =>
          step(`b${at}`, { task_name: 'b', depends_on: [at === 0 ? 'a' : `b${at - 1}`] }),
        ),
      ]),
    );
    await world.work();
    expect(await world.saga()).toMatchObject({ status: 'succeeded' });
    expect(armed).toEqual([1]);
    await world.live(2 * MINUTE_MS);
    expect(world.alarms().filter(({ key }) => key.kind === 'saga')).toEqual([]);
  });

  it('looks seldom at one that waits for long, and soon when it is told something', async () => {
    const world = await createSagaWorld();
    const flow = await world.define([
      step('w', { type: 'wait', config: { signal: true } }),
      step('a', { depends_on: ['w'] }),
    ]);
    await world.begin(flow);
    let looks = 0;
    world.watch(({ when, name }) => {
      looks += when === 'before' && name === 'sagas.get' ? 1 : 0;
    });
    await world.live(10 * 24 * 60 * MINUTE_MS);
    expect(looks).toBeLessThan(25);
    // Told, and then nobody goes on with it.
    const { no } = await world.saga();
    world.watch(({ when, name, args }) => {
      if (when === 'after' && name === 'runs.commit' && (args[0] as { id: string }).id === `${no}~w~1`) {
        throw CRASH;
      }
    });
    await expect(world.engine.sagas.signal(INSTANCE, 'w', 1)).rejects.toBe(CRASH);
    world.watch(undefined);
    await world.live(30 * SECOND_MS);
    expect(await world.statuses()).toMatchObject({ w: 'succeeded', a: 'running' });
  });
});

describe('many that act at once', () => {
  it('steps that end at the same moment are all counted, and the join begins once', async () => {
    const world = await createSagaWorld();
    const before = Array.from({ length: 20 }, (_, at) => `b${at}`);
    await world.begin(
      await world.define([...before.map((id) => step(id, { task_name: 'b' })), step('a', { depends_on: before })]),
    );
    const { no } = await world.saga();
    await Promise.all(world.worker.holding().map((attempt) => world.worker.finish([attempt])));
    expect(world.worker.orders.filter(({ run }) => run === `${no}~a~1`)).toHaveLength(1);
    await world.work();
    expect(await world.saga()).toMatchObject({ status: 'succeeded' });
  });

  it('in as many functions, they lose their races and are counted all the same', async () => {
    const world = await createSagaWorld();
    const waits = Array.from({ length: 20 }, (_, at) => `w${at}`);
    await world.begin(
      await world.define([
        ...waits.map((id) => step(id, { type: 'wait', config: { signal: true } })),
        step('a', { depends_on: waits }),
      ]),
    );
    const answers = await Promise.all(waits.map((id) => createEngine(world.ports).sagas.signal(INSTANCE, id, null)));
    expect(new Set(answers)).toEqual(new Set(['done']));
    expect(await world.work()).toEqual(['a']);
    expect(await world.saga()).toMatchObject({ status: 'succeeded' });
    expect(world.warnings).toEqual([]);
  });

  it('a transaction that cancels many runs counts their ends in one go', async () => {
    const world = await createSagaWorld();
    const many = Array.from({ length: 40 }, (_, at) => `w${at}`);
    await world.begin(await world.define(many.map((id) => step(id, { type: 'wait', config: { signal: true } }))));
    let commits = 0;
    world.watch(({ when, name }) => {
      commits += when === 'after' && name === 'sagas.commit' ? 1 : 0;
    });
    await world.engine.sagas.cancel(INSTANCE, 'ann', false);
    expect(await world.saga()).toMatchObject({ status: 'cancelled' });
    expect(commits).toBe(2);
  });

  it('of persons who retry, cancel and skip at the same moment each is answered, and the outcome is one', async () => {
    const world = await createSagaWorld();
    await world.begin(await world.define([undoable('a'), step('b', { depends_on: ['a'] })]));
    await world.work(({ step }) => (step === 'b' ? FAILED : undefined));
    const [exception] = await world.open();
    const id = exception?.id ?? '';
    const { sagas, desk } = world.engine;
    const answers = await Promise.all([
      sagas.retry(INSTANCE, 'ann'),
      sagas.cancel(INSTANCE, 'bob', false),
      desk.act(id, { action: 'skip' }, { id: 'cid', person: 'cid' }),
      desk.handle(id, undefined, { id: 'dan', person: 'dan' }),
    ]);
    expect(answers.filter(({ kind }) => kind === 'done').length).toBeGreaterThan(0);
    await world.work(({ undo }) => (undo ? undefined : { outcome: 'cancelled' }));
    await world.live(MINUTE_MS);
    await world.work();
    const saga = await world.saga();
    expect(isSagaEnded(saga) || (await world.open()).length > 0 || saga.status === 'failed').toBe(true);
  });
});
