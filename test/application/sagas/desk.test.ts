import { describe, expect, it } from 'vitest';
import type { DeskRequest } from '../../../lib/application/sagas/api.ts';
import type { JsonObject } from '../../../lib/domain/flow/flow.ts';
import type { SagaException } from '../../../lib/domain/saga/saga.ts';
import { createSagaWorld, FAILED, INSTANCE, MINUTE_MS, type SagaWorld, step } from './saga-world.ts';

const undoable = (id: string, more = {}) => step(id, { compensate: { config: { handler: `undo_${id}` } }, ...more });
const TWO_STEPS = [
  undoable('a'),
  step('b', { depends_on: ['a'] }),
  step('c', { depends_on: ['b'], config: { x: '$.b.output.x' } }),
];

const ANN = { id: 'ann', person: 'ann' };

/** A transaction whose second step has failed. */
const failed = async (
  more: JsonObject = {},
): Promise<{ readonly world: SagaWorld; readonly exception: SagaException }> => {
  const world = await createSagaWorld();
  await world.begin(await world.define(TWO_STEPS, more));
  await world.work(({ step }) => (step === 'b' ? FAILED : undefined));
  const [exception] = await world.open();
  return { world, exception: exception ?? expect.fail('nothing is open') };
};
const now = (world: SagaWorld, action: DeskRequest['action'], more = {}): DeskRequest => ({
  action,
  at: world.now(),
  ...more,
});

describe('the desk', () => {
  it('has a step retried with another input, and the exception is handled when that succeeds', async () => {
    const { world, exception } = await failed();
    const done = await world.engine.desk.act(exception.id, now(world, 'retry', { input: { fixed: true } }), ANN);
    expect(done).toMatchObject({
      kind: 'done',
      exception: { retryAt: world.now(), notes: [{ by: 'ann', what: 'retry' }] },
    });
    expect(await world.open()).toHaveLength(1);
    expect(world.worker.orderOf(`${exception.saga}~b~2`)).toMatchObject({ payload: '{"fixed":true}' });
    await world.work(({ step }) => (step === 'b' ? { output: '{"x":1}' } : undefined));
    expect(await world.saga()).toMatchObject({ status: 'succeeded' });
    expect(await world.engine.desk.get(exception.id)).toMatchObject({ handled: { as: 'retried' } });
  });

  it('waits for the interval before a retry where nobody says when, and counts its tries', async () => {
    const { world, exception } = await failed();
    const at = world.now() + MINUTE_MS;
    const retried = await world.engine.desk.act(exception.id, { action: 'retry' }, ANN);
    expect(retried).toMatchObject({ kind: 'done', exception: { retryAt: at } });
    expect(world.worker.holding()).toEqual([]);
    await world.live(MINUTE_MS);
    await world.work(() => ({ ...FAILED, error: 'still down' }));
    const [again] = await world.open();
    expect(again).toMatchObject({ id: exception.id, tries: 2, error: 'still down' });
    expect(again).not.toHaveProperty('retryAt');
  });

  it('leaves a step out with a stated output, which the others refer to', async () => {
    const { world, exception } = await failed();
    const skipped = await world.engine.desk.act(
      exception.id,
      now(world, 'skip', { output: { x: 9 }, remark: 'by phone' }),
      ANN,
    );
    expect(skipped).toMatchObject({
      kind: 'done',
      exception: { handled: { as: 'skipped', by: 'ann', remark: 'by phone' } },
    });
    expect(world.worker.orderOf(`${exception.saga}~c~1`)).toMatchObject({ payload: '{"x":9}' });
    expect(await world.engine.desk.act(exception.id, now(world, 'skip'), ANN)).toEqual({
      kind: 'refused',
      why: 'already_handled',
    });
  });

  it('undoes what was done instead', async () => {
    const { world, exception } = await failed();
    const request = { action: 'compensate', remark: 'called off' } as const;
    expect(await world.engine.desk.act(exception.id, request, ANN)).toMatchObject({
      ...{ kind: 'done', exception: { notes: [{ by: 'ann', what: 'compensate', text: 'called off' }] } },
    });
    expect(await world.work()).toEqual(['undo a']);
    expect(await world.saga()).toMatchObject({ status: 'compensated' });
    expect(await world.open()).toEqual([]);
  });

  it('marks an exception as dealt with, once; the transaction then goes when its time has come', async () => {
    const { world, exception } = await failed();
    expect(await world.engine.desk.handle(exception.id, 'paid by hand', ANN)).toMatchObject({
      kind: 'done',
      exception: { handled: { as: 'handled', by: 'ann', remark: 'paid by hand', at: world.now() } },
      saga: { status: 'failed' },
    });
    expect((await world.saga()).expiresAt).toBeGreaterThan(world.now());
    expect(await world.engine.desk.handle(exception.id, undefined, ANN)).toEqual({
      kind: 'refused',
      why: 'already_handled',
    });
    expect(await world.engine.desk.handle('1', undefined, ANN)).toEqual({ kind: 'not_found' });
  });

  it('notes who is to look at it and what was said', async () => {
    const { world, exception } = await failed();
    const { desk } = world.engine;
    await desk.assign(exception.id, 'bob', 'ann');
    await desk.comment(exception.id, 'asked the bank', 'bob');
    const row = await desk.get(exception.id);
    expect(row).toMatchObject({
      assignee: 'bob',
      notes: [
        { what: 'assign', text: 'bob' },
        { by: 'bob', text: 'asked the bank' },
      ],
    });
    expect(await desk.assign(exception.id, undefined, 'ann')).not.toHaveProperty('assignee');
    expect(await desk.comment('1', 'x', 'ann')).toBeUndefined();
  });
});

describe('retrying many', () => {
  it('takes what matches, says what it would take, and names what it cannot', async () => {
    const world = await createSagaWorld();
    const flow = await world.define([step('a')]);
    const final = await world.define([step('b', { retry: { strategy: 'no_retry' } })]);
    for (const order of [1, 2, 3]) {
      await world.begin(flow, {}, `order_${order}`);
      await world.work(() => ({ ...FAILED, error: order === 2 ? 'bad card' : 'timeout of the bank' }));
      world.pass(MINUTE_MS);
    }
    await world.begin(final);
    await world.work(() => ({ ...FAILED, error: 'timeout too' }));
    const filter = { errorHas: 'timeout' };
    const dry = await world.engine.desk.retryMany(filter, world.now(), 'ann', true);
    expect(dry).toMatchObject({ retried: [], refused: [], more: false });
    expect(dry.matched).toHaveLength(3);
    expect(world.worker.holding()).toEqual([]);
    const done = await world.engine.desk.retryMany(filter, world.now(), 'ann', false);
    expect(done.retried).toHaveLength(2);
    expect(done.refused).toEqual([{ id: expect.any(String), why: 'not_retryable' }]);
    await world.work();
    expect(await world.saga('order_1')).toMatchObject({ status: 'succeeded' });
    expect(await world.saga('order_2')).toMatchObject({ status: 'failed' });
    expect(await world.saga('order_3')).toMatchObject({ status: 'succeeded' });
    const last = { since: world.now() - MINUTE_MS, errorHas: 'timeout' };
    expect((await world.engine.desk.retryMany(last, world.now(), 'ann', true)).matched).toHaveLength(1);
  });
});

describe('retrying many of one transaction', () => {
  const MANY = Array.from({ length: 12 }, (_, at) => step(`s${at}`, { task_name: 'a' }));
  const manyFailed = async () => {
    const world = await createSagaWorld();
    await world.begin(await world.define(MANY));
    await world.work(() => FAILED);
    return world;
  };

  it('retries them one after the other, and not again what is being retried', async () => {
    const world = await manyFailed();
    let lost = 0;
    world.watch(({ when, name, answer }) => {
      lost += when === 'after' && name === 'sagas.commit' && answer === 'changed' ? 1 : 0;
    });
    const done = await world.engine.desk.retryMany({}, world.now(), 'ann', false);
    expect([done.retried.length, done.refused, lost]).toEqual([12, [], 0]);
    expect((await world.engine.desk.retryMany({}, world.now(), 'ann', true)).matched).toEqual([]);
  });

  it('tells of a fault at one beside what it has retried', async () => {
    const world = await manyFailed();
    const [broken] = await world.open();
    world.watch(({ when, name, args }) => {
      if (when === 'before' && name === 'sagaExceptions.get' && args[0] === broken?.id) {
        throw new Error('The table is gone');
      }
    });
    const done = await world.engine.desk.retryMany({}, world.now(), 'ann', false);
    expect(done.retried).toHaveLength(11);
    expect(done.refused).toEqual([{ id: broken?.id, why: 'fault' }]);
  });
});

describe('the list of exceptions', () => {
  it('shows the newest first, by flow and by whether they are handled', async () => {
    const world = await createSagaWorld();
    const [first, second] = [await world.define([step('a')]), await world.define([step('a')])];
    for (const [flow, instance] of [
      [first, INSTANCE],
      [second, 'other'],
      [first, 'third'],
    ] as const) {
      await world.begin(flow, {}, instance);
      await world.work(() => FAILED);
      world.pass(MINUTE_MS);
    }
    const [newest] = await world.open();
    await world.engine.desk.handle(newest?.id ?? '', undefined, ANN);
    await world.count();
    const list = async (filter: Parameters<typeof world.engine.desk.list>[0]) => {
      const { rows, total } = await world.engine.desk.list(filter, { offset: 0, limit: 1 });
      return { total, first: rows[0]?.instance };
    };
    expect(await list({})).toEqual({ total: 3, first: 'third' });
    expect(await list({ handled: false })).toEqual({ total: 2, first: 'other' });
    expect(await list({ handled: true })).toEqual({ total: 1, first: 'third' });
    expect(await list({ flow: first })).toEqual({ total: 2, first: 'third' });
    expect(await list({ flow: first, handled: false })).toEqual({ total: 1, first: INSTANCE });
  });
});
