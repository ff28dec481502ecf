import { describe, expect, it } from 'vitest';
import type { Saga } from '../../../lib/domain/saga/saga.ts';
import { CRASH } from '../../support/engine-world.ts';
import { createSagaWorld, DAY_MS, FAILED, INSTANCE, MINUTE_MS, type SagaWorld, SECOND_MS, step } from './saga-world.ts';

/** A flow whose step `sub` is a transaction of another one, and what comes after it. */
const nested = async (world: SagaWorld, child: string, more = {}): Promise<string> =>
  world.define([
    step('sub', { type: 'flow', config: { flow_id: child }, ...more }),
    step('b', { depends_on: ['sub'], config: { x: '$.sub.output.a.x' } }),
  ]);

const undoable = (id: string, more = {}) => step(id, { compensate: { config: { handler: `undo_${id}` } }, ...more });

describe('a transaction that is a step of another', () => {
  it('gives its outputs to the one above when it succeeds', async () => {
    const world = await createSagaWorld();
    const flow = await nested(world, await world.define([step('a')]));
    await world.begin(flow, { sub: { a: { amount: 3 } } });
    const { no } = await world.saga();
    const child = await world.saga(`${no}~sub~1`);
    expect(child).toMatchObject({ depth: 1, status: 'running' });
    expect(world.worker.orderOf(`${child.no}~a~1`)).toMatchObject({ payload: '{"amount":3}' });
    expect(await world.work(({ step }) => (step === 'a' ? { output: '{"x":5}' } : undefined))).toEqual(['a', 'b']);
    expect(world.worker.orderOf(`${no}~b~1`)).toMatchObject({ payload: '{"x":5}' });
    expect(await world.saga()).toMatchObject({ status: 'succeeded' });
  });

  it('fails the step above when it was undone', async () => {
    const world = await createSagaWorld();
    const child = await world.define([
      undoable('a'),
      step('c', { depends_on: ['a'], retry: { strategy: 'no_retry' } }),
    ]);
    await world.begin(await nested(world, child));
    expect(await world.work(({ step }) => (step === 'c' ? FAILED : undefined))).toEqual(['a', 'c', 'undo a']);
    expect(await world.saga()).toMatchObject({ status: 'failed', steps: { sub: { status: 'failed' } } });
    expect((await world.open())[0]?.error).toContain('ended as compensated');
  });

  it('waits for its person when it fails, and so does the one above', async () => {
    const world = await createSagaWorld();
    await world.begin(await nested(world, await world.define([step('a')])));
    const { no } = await world.saga();
    await world.work(() => FAILED);
    expect(await world.saga(`${no}~sub~1`)).toMatchObject({ status: 'failed' });
    expect(await world.saga()).toMatchObject({ status: 'running' });
    await world.engine.sagas.retry(`${no}~sub~1`, 'ann');
    await world.work(() => ({ output: '{"x":5}' }));
    expect(await world.saga()).toMatchObject({ status: 'succeeded' });
  });

  it('turns back when the one above is cancelled', async () => {
    const world = await createSagaWorld();
    const child = await world.define([undoable('a'), step('c', { depends_on: ['a'] })]);
    await world.begin(await nested(world, child));
    const { no } = await world.saga();
    await world.worker.finish(world.worker.holding());
    await world.engine.sagas.cancel(INSTANCE, 'ann', false);
    await world.worker.finish(world.worker.holding(), { outcome: 'cancelled' });
    expect(await world.work()).toEqual(['undo a']);
    expect(await world.saga(`${no}~sub~1`)).toMatchObject({ status: 'compensated' });
    expect((await world.saga()).endedAt).toBeDefined();
  });

  it('has turned back before what came before it is undone', async () => {
    const world = await createSagaWorld();
    const child = await world.define([
      undoable('b'),
      step('c', { depends_on: ['b'], type: 'wait', config: { signal: true } }),
    ]);
    await world.begin(
      await world.define([
        undoable('a'),
        step('sub', {
          ...{ depends_on: ['a'], type: 'flow', config: { flow_id: child } },
          compensate: { type: 'worker', config: { handler: 'undo_c' } },
        }),
      ]),
    );
    expect(await world.work()).toEqual(['a', 'b']);
    await world.engine.sagas.cancel(INSTANCE, 'ann', false);
    // It has undone itself: the undo that the flow gives for it is for one that succeeded.
    expect(await world.work()).toEqual(['undo b', 'undo a']);
    expect(await world.saga()).toMatchObject({ status: 'compensated' });
  });

  it('turns back when the one above waits no longer', async () => {
    const world = await createSagaWorld();
    const child = await world.define([
      undoable('a'),
      step('c', { depends_on: ['a'], type: 'wait', config: { signal: true } }),
    ]);
    await world.begin(await nested(world, child, { timeout: 60 }));
    const { no } = await world.saga();
    await world.work();
    await world.live(2 * MINUTE_MS);
    await world.work();
    expect(await world.saga(`${no}~sub~1`)).toMatchObject({ status: 'compensated' });
    expect(await world.saga()).toMatchObject({ status: 'failed' });
  });

  it('is heard of though its function dies as it ends, however long it took', async () => {
    const world = await createSagaWorld();
    const child = await world.define([step('w', { type: 'wait', config: { signal: true } })]);
    await world.begin(await nested(world, child, { config: { flow_id: child } }));
    const { no } = await world.saga();
    await world.live(10 * DAY_MS);
    let dead = false;
    world.watch(({ when, name, args }) => {
      const [, after] = args as [Saga, Saga];
      dead ||= when === 'after' && name === 'sagas.commit' && after.status === 'succeeded';
      if (dead) {
        throw CRASH;
      }
    });
    await world.engine.sagas.signal(`${no}~sub~1`, 'w', 1).catch(() => undefined);
    world.watch(undefined);
    expect(await world.saga(`${no}~sub~1`)).toMatchObject({ status: 'succeeded' });
    expect(await world.saga()).toMatchObject({ steps: { sub: { status: 'running' } } });
    await world.live(30 * SECOND_MS);
    expect(await world.saga()).toMatchObject({ steps: { sub: { status: 'succeeded' } } });
  });

  it('turns back though the function dies that cancels the one above', async () => {
    const world = await createSagaWorld();
    const child = await world.define([
      undoable('a'),
      step('w', { depends_on: ['a'], type: 'wait', config: { signal: true } }),
    ]);
    await world.begin(await nested(world, child));
    await world.work();
    const { no } = await world.saga();
    await world.live(10 * DAY_MS);
    let dead = false;
    world.watch(({ when, name, args }) => {
      dead ||= when === 'after' && name === 'sagas.commit' && (args[0] as Saga).no === no;
      if (dead) {
        throw CRASH;
      }
    });
    await world.engine.sagas.cancel(INSTANCE, 'ann', false).catch(() => undefined);
    world.watch(undefined);
    expect(await world.saga(`${no}~sub~1`)).toMatchObject({ status: 'running' });
    await world.live(30 * SECOND_MS);
    expect(await world.work()).toEqual(['undo a']);
    expect(await world.saga(`${no}~sub~1`)).toMatchObject({ status: 'compensated' });
  });

  it('turns back where the one above was cancelled before it was started', async () => {
    const world = await createSagaWorld();
    const child = await world.define([step('a')]);
    const flow = await nested(world, child);
    const cancelled: string[] = [];
    world.watch(async ({ when, name, args }) => {
      const [saga] = args as [Saga];
      // The function that starts the child is slow; meanwhile a person cancels the one above.
      if (when === 'before' && name === 'sagas.create' && saga.depth === 1) {
        world.watch(undefined);
        cancelled.push(saga.instance);
        await world.engine.cancelRun(saga.instance);
      }
    });
    await world.begin(flow);
    expect(cancelled).toHaveLength(1);
    await world.work(() => ({ outcome: 'cancelled' }));
    expect((await world.saga(cancelled[0])).endedAt).toBeDefined();
  });

  it('fails the step above where there is no such flow', async () => {
    const world = await createSagaWorld();
    await world.begin(await nested(world, '1'));
    expect(await world.saga()).toMatchObject({ status: 'failed' });
    expect((await world.open())[0]?.error).toBe('There is no flow 1');
  });

  it('fails the step above where it is of the flow that it would be a part of, however far up', async () => {
    const world = await createSagaWorld();
    const outer = await world.define([]);
    const inner = await world.define([step('sub', { type: 'flow', config: { flow_id: outer } })]);
    const direct = ['p', 'q', 'r', 's'].map((id) => step(id, { type: 'flow', config: { flow_id: outer } }));
    await world.redefine(outer, direct);
    await world.begin(outer, {}, 'direct');
    expect(await world.saga('direct')).toMatchObject({ status: 'failed' });
    expect((await world.open()).map(({ error }) => error)).toEqual(
      direct.map(() => expect.stringContaining('A flow cannot contain itself')),
    );

    await world.redefine(outer, [step('sub', { type: 'flow', config: { flow_id: inner } })]);
    await world.begin(outer, {}, 'round');
    await world.live(MINUTE_MS);
    const { no } = await world.saga('round');
    expect(await world.saga(`${no}~sub~1`)).toMatchObject({ flow: inner, status: 'failed', depth: 1 });
    expect((await world.open())[0]?.error).toContain('A flow cannot contain itself');
  });

  it('starts no further ones in the request that starts it: its alarm does, and five deep is the end', async () => {
    const world = await createSagaWorld();
    let flow = await world.define([step('a')]);
    for (let level = 0; level < 6; level += 1) {
      flow = await world.define([step('sub', { type: 'flow', config: { flow_id: flow } })]);
    }
    let inRequest = 0;
    world.watch(({ when, name }) => {
      inRequest += when === 'after' && name === 'sagas.create' ? 1 : 0;
    });
    await world.begin(flow);
    world.watch(undefined);
    expect(inRequest).toBe(2);
    await world.live(3 * MINUTE_MS);
    const [deepest] = await world.open();
    expect(deepest?.error).toBe('Transactions are nested more than 5 deep');
    expect(await world.saga(deepest?.instance)).toMatchObject({ depth: 5 });
  });

  it('is stopped, and nothing of it undone, where the one above is cancelled as it is', async () => {
    const world = await createSagaWorld();
    const innermost = await world.define([undoable('b'), step('c', { depends_on: ['b'] })]);
    const child = await world.define([undoable('a'), step('sub', { type: 'flow', config: { flow_id: innermost } })]);
    await world.begin(await nested(world, child));
    await world.live(MINUTE_MS);
    await world.worker.finish(world.worker.holding());
    const { no } = await world.saga();
    const { no: inner } = await world.saga(`${no}~sub~1`);
    await world.engine.sagas.cancel(INSTANCE, 'ann', true);
    expect(await world.work(() => ({ outcome: 'cancelled' }))).not.toContain('undo a');
    const all = [INSTANCE, `${no}~sub~1`, `${inner}~sub~1`];
    for (const instance of all) {
      expect(await world.saga(instance)).toMatchObject({ status: 'cancelled', leave: true });
    }
    expect(await world.saga()).toMatchObject({ steps: { sub: { status: 'cancelled' } } });
    expect(await world.saga(`${no}~sub~1`)).toMatchObject({ steps: { a: { status: 'succeeded' } } });
  });

  it('undoes no more where the one above is cancelled as it is while it unwinds, or is past its pivot', async () => {
    const world = await createSagaWorld();
    const unwinding = await world.define([
      undoable('a'),
      step('c', { depends_on: ['a'], retry: { strategy: 'no_retry' } }),
    ]);
    const passed = await world.define([step('a', { pivot: true }), step('b', { depends_on: ['a'] })]);
    const flow = await world.define([
      step('one', { type: 'flow', config: { flow_id: unwinding } }),
      step('two', { type: 'flow', config: { flow_id: passed } }),
    ]);
    await world.begin(flow);
    await world.worker.finish(world.worker.holding());
    const failing = world.worker.holding().filter(({ run }) => run.includes('~c~'));
    await world.worker.finish(failing, FAILED);
    const { no } = await world.saga();
    expect(await world.saga(`${no}~one~1`)).toMatchObject({ status: 'compensating' });
    await world.engine.sagas.cancel(INSTANCE, 'ann', true);
    await world.work(() => ({ outcome: 'cancelled' }));
    for (const instance of [INSTANCE, `${no}~one~1`, `${no}~two~1`]) {
      expect(await world.saga(instance)).toMatchObject({ status: 'cancelled' });
    }
    expect(await world.open()).toEqual([]);
  });

  it('is left as it is also by a function that read the one above before a person said so', async () => {
    const world = await createSagaWorld();
    const child = await world.define([undoable('a'), step('w', { type: 'wait', config: { signal: true } })]);
    await world.begin(await nested(world, child));
    await world.work();
    const { no } = await world.saga();
    let dead = false;
    world.watch(({ when, name, args }) => {
      dead ||= when === 'before' && name === 'sagas.commit' && (args[0] as Saga).instance === `${no}~sub~1`;
      if (dead) {
        throw CRASH;
      }
    });
    await world.engine.sagas.cancel(INSTANCE, 'ann', true).catch(() => undefined);
    world.watch(undefined);
    expect(await world.saga(`${no}~sub~1`)).toMatchObject({ status: 'running' });
    await world.live(MINUTE_MS);
    expect(await world.work()).toEqual([]);
    expect(await world.saga(`${no}~sub~1`)).toMatchObject({ status: 'cancelled', leave: true });
    expect(await world.saga()).toMatchObject({ status: 'cancelled' });
  });

  it('is started when a person wants it, where they retry it later', async () => {
    const world = await createSagaWorld();
    await world.begin(await nested(world, await world.define([step('a')])));
    const { no } = await world.saga();
    await world.engine.sagas.cancel(`${no}~sub~1`, 'ann', true);
    await world.work(() => ({ outcome: 'cancelled' }));
    await world.live(MINUTE_MS);
    const [exception] = await world.open();
    const at = world.now() + DAY_MS;
    const ann = { id: 'ann', person: 'ann' };
    await world.engine.desk.act(exception?.id ?? '', { action: 'retry', at }, ann);
    const looks = { count: 0 };
    world.watch(({ when, name }) => {
      looks.count += when === 'before' && name === 'runs.getMany' ? 1 : 0;
    });
    await world.live(DAY_MS - MINUTE_MS);
    expect(looks.count).toBeLessThan(30);
    expect(await world.ports.sagas.find(`${no}~sub~2`)).toBeUndefined();
    await world.live(2 * MINUTE_MS);
    expect((await world.saga(`${no}~sub~2`)).createdAt - at).toBeLessThan(30 * SECOND_MS);
    await world.work(() => ({ output: '{"x":5}' }));
    expect(await world.saga()).toMatchObject({ status: 'succeeded' });
  });
});
