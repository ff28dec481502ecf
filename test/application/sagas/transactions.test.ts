import { describe, expect, it } from 'vitest';
import { RETENTION_MS } from '../../support/rows.ts';
import { createWorker } from '../../support/world-worker.ts';
import { createSagaWorld, DAY_MS, FAILED, INSTANCE, MINUTE_MS, SECOND_MS, step } from './saga-world.ts';

const undoable = (id: string, more = {}) => step(id, { compensate: { config: { handler: `undo_${id}` } }, ...more });
const NO_RETRY = { retry: { strategy: 'no_retry' } };

describe('starting a transaction', () => {
  it('runs its steps in their order, gives outputs on, and succeeds', async () => {
    const world = await createSagaWorld();
    const flow = await world.define([
      step('a'),
      step('b', { depends_on: ['a'], config: { order: '$.a.output.order' } }),
      step('c', { depends_on: ['a'] }),
      step('d', { depends_on: ['b', 'c'] }),
    ]);
    const begun = await world.begin(flow, { a: { amount: 100 } });
    expect(begun).toMatchObject({ kind: 'started', saga: { status: 'running', instance: INSTANCE } });
    expect(await world.work(({ step }) => (step === 'a' ? { output: '{"order":7}' } : undefined))).toEqual([
      ...['a', 'b', 'c', 'd'],
    ]);
    const { saga, params } = await world.detail();
    expect(saga).toMatchObject({ status: 'succeeded', endedAt: world.now() });
    expect(params).toEqual({ a: { amount: 100 } });
    expect(world.worker.orderOf(`${saga.no}~b~1`)).toMatchObject({ handler: 'b', payload: '{"order":7}' });
  });

  it('gives on an output that is too long for its row', async () => {
    const world = await createSagaWorld();
    const flow = await world.define([step('a'), step('b', { depends_on: ['a'], config: { all: '$.a.output' } })]);
    await world.begin(flow);
    const output = JSON.stringify({ text: 'x'.repeat(5_000) });
    await world.work(({ step }) => (step === 'a' ? { output } : undefined));
    const { no } = await world.saga();
    expect(await world.ports.data.getPayload(`${no}~b~1`)).toBe(JSON.stringify({ all: JSON.parse(output) }));
  });

  it('succeeds at once where its flow has no tasks', async () => {
    const world = await createSagaWorld();
    expect(await world.begin(await world.define([]))).toMatchObject({ kind: 'started' });
    expect(await world.saga()).toMatchObject({ status: 'succeeded', expiresAt: expect.any(Number) });
  });

  it('keeps long parameters beside its row', async () => {
    const world = await createSagaWorld();
    const params = { a: { text: 'x'.repeat(10_000) } };
    await world.begin(await world.define([step('a')]), params);
    expect((await world.saga()).params).toBeUndefined();
    expect((await world.detail()).params).toEqual(params);
  });

  it('knows an instance that was started before, however its parameters are ordered', async () => {
    const world = await createSagaWorld();
    const flow = await world.define([step('a')]);
    await world.begin(flow, { a: { x: 1, y: 2 } });
    await world.work();
    expect(await world.begin(flow, { a: { y: 2, x: 1 } })).toMatchObject({
      kind: 'known',
      saga: { status: 'succeeded' },
    });
    expect(world.worker.orders).toHaveLength(1);
  });

  it('names what differs where an instance is used for something else', async () => {
    const world = await createSagaWorld();
    const [first, second] = [await world.define([step('a')]), await world.define([step('b')])];
    await world.begin(first, { a: { x: 1 } });
    expect(await world.begin(first, { a: { x: 2 } })).toEqual({ kind: 'different', differs: ['params'] });
    expect(await world.begin(second, { a: { x: 1 } })).toEqual({ kind: 'different', differs: ['flow_id'] });
    expect(await world.begin(second)).toEqual({ kind: 'different', differs: ['flow_id', 'params'] });
  });

  it('starts one of many that come at the same time', async () => {
    const world = await createSagaWorld();
    const flow = await world.define([step('a')]);
    const begun = await Promise.all(Array.from({ length: 10 }, () => world.begin(flow)));
    expect(begun.filter(({ kind }) => kind === 'started')).toHaveLength(1);
    expect(begun.filter(({ kind }) => kind === 'known')).toHaveLength(9);
    expect(world.worker.orders).toHaveLength(1);
  });

  it('refuses a flow that is not there or not active, and parameters of the wrong shape', async () => {
    const world = await createSagaWorld();
    const flow = await world.define([step('a')]);
    expect(await world.begin('1')).toEqual({ kind: 'flow_not_found' });
    expect(await world.begin(flow, { a: 5 })).toMatchObject({
      kind: 'bad_params',
      problems: [expect.stringMatching(/^params\.a must be/)],
    });
    await world.engine.flows.setActive(flow, false);
    expect(await world.begin(flow)).toEqual({ kind: 'flow_inactive' });
  });

  it('keeps the version of the flow that it was started with', async () => {
    const world = await createSagaWorld();
    const flow = await world.define([step('a'), step('b', { depends_on: ['a'] })]);
    await world.begin(flow);
    await world.redefine(flow, [step('c')]);
    expect(await world.work()).toEqual(['a', 'b']);
  });

  it('fails at once, with an exception, where a step refers to what is not there', async () => {
    const world = await createSagaWorld();
    await world.begin(await world.define([step('a', { config: { x: '$.params.nothing' } })]));
    expect(await world.saga()).toMatchObject({ status: 'failed' });
    expect(await world.open()).toMatchObject([{ step: 'a', reason: 'bad_payload' }]);
  });
});

describe('what a step costs', () => {
  it('is one read and one write of the row of its transaction, beside what its run does', async () => {
    const world = await createSagaWorld();
    await world.begin(
      await world.define([step('a'), step('b', { depends_on: ['a'] }), step('c', { depends_on: ['b'] })]),
    );
    await world.worker.finish(world.worker.holding());
    const calls: string[] = [];
    world.watch(({ when, name }) => {
      if (when === 'before') {
        calls.push(name);
      }
    });
    await world.worker.finish(world.worker.holding());
    // What its worker's report and the search for a free slot do, they do for any run.
    const ofRuns = calls.filter((name) => !/^(sessions|connections|needs|sockets)\.|^runs\.readyHead$/.test(name));
    expect(ofRuns).toEqual([
      ...['runs.commit', 'sagas.get', 'sagas.commit'],
      // The next step, as any other run.
      ...['alarms.send', 'runs.create'],
    ]);
  });
});

describe('a step that fails', () => {
  it('leaves the transaction failed, with an open exception, until a person has it retried', async () => {
    const world = await createSagaWorld();
    const flow = await world.define([step('a'), step('b', { depends_on: ['a'] }), step('c', { depends_on: ['b'] })]);
    await world.begin(flow);
    expect(await world.work(({ step }) => (step === 'b' ? FAILED : undefined))).toEqual(['a', 'b']);
    expect(await world.saga()).toMatchObject({ status: 'failed' });
    expect(await world.open()).toMatchObject([{ step: 'b', error: 'RPC call failed', tries: 1, strategy: 'manual' }]);
    const { steps } = await world.detail();
    expect(steps.map(({ blocked }) => blocked)).toEqual([false, false, true]);
    expect(await world.engine.sagas.retry(INSTANCE, 'ann')).toMatchObject({
      kind: 'done',
      saga: { status: 'running' },
    });
    expect(await world.engine.sagas.retry(INSTANCE, 'ann')).toEqual({ kind: 'refused', why: 'not_failed' });
    expect(await world.work()).toEqual(['b', 'c']);
    expect(await world.saga()).toMatchObject({ status: 'succeeded' });
    expect(await world.open()).toEqual([]);
  });

  it('is tried again by itself, at its interval, where its strategy is auto', async () => {
    const world = await createSagaWorld();
    const retry = { strategy: 'auto', max_attempts: 3, interval: 5, backoff: 2 };
    await world.begin(await world.define([step('a', { retry })]));
    const { no } = await world.saga();
    const waits: number[] = [];
    for (let attempt = 1; attempt <= 3; attempt += 1) {
      const failedAt = world.now();
      await world.work(() => FAILED);
      waits.push((await world.run(`${no}~a~1`)).dueAt - failedAt);
      await world.live(20 * SECOND_MS);
    }
    expect(waits.slice(0, 2)).toEqual([5 * SECOND_MS, 10 * SECOND_MS]);
    expect(await world.saga()).toMatchObject({ status: 'failed' });
    expect(await world.open()).toMatchObject([{ tries: 3, strategy: 'auto' }]);
  });

  it('unwinds at once where nothing is to be retried: in reverse order, what ran beside it first', async () => {
    const world = await createSagaWorld();
    const flow = await world.define([
      undoable('a'),
      undoable('b', { depends_on: ['a'] }),
      undoable('c', { depends_on: ['b'] }),
      step('d', { depends_on: ['c'], ...NO_RETRY }),
    ]);
    await world.begin(flow);
    expect(await world.work(({ step }) => (step === 'd' ? FAILED : undefined))).toEqual([
      ...['a', 'b', 'c', 'd', 'undo c', 'undo b', 'undo a'],
    ]);
    expect(await world.saga()).toMatchObject({ status: 'compensated', direction: 'backward' });
    const { rows } = await world.engine.desk.list({}, { offset: 0, limit: 10 });
    expect(rows).toMatchObject([{ step: 'd', handled: { as: 'compensated', by: 'system' } }]);
  });

  it('does not undo what succeeds while it is asked to stop before that has ended', async () => {
    const world = await createSagaWorld();
    const flow = await world.define([undoable('a'), step('b', NO_RETRY)]);
    await world.begin(flow);
    const { no } = await world.saga();
    await world.worker.finish([{ run: `${no}~b~1`, attempt: 1 }], FAILED);
    expect(await world.saga()).toMatchObject({ status: 'compensating' });
    expect(await world.run(`${no}~a~1`)).toMatchObject({ status: 'cancelled' });
    expect(world.worker.orders.map(({ run }) => run)).not.toContain(`${no}~a~c1`);
    await world.worker.finish([{ run: `${no}~a~1`, attempt: 1 }], { outcome: 'cancelled' });
    expect(await world.work()).toEqual(['undo a']);
    expect(await world.saga()).toMatchObject({ status: 'compensated' });
  });
});

describe('a flow of as many steps as there may be', () => {
  it('fails in all of them, and is left as it is, with writes that DynamoDB takes', async () => {
    const world = await createSagaWorld();
    const ids = Array.from({ length: 100 }, (_, at) => `s${at}`);
    const other = ids.map((id) => step(id, { type: 'wait', config: { signal: true }, timeout: 60 }));
    let most = 0;
    world.watch(({ when, name, args }) => {
      most = when === 'before' && name === 'sagas.commit' ? Math.max(most, (args[2] as unknown[]).length) : most;
    });
    await world.begin(await world.define(ids.map((id) => step(id, { config: { x: '$.params.nothing' } }))));
    await world.begin(await world.define(other), {}, 'other');
    await world.live(2 * MINUTE_MS);
    expect(await world.saga('other')).toMatchObject({ status: 'failed' });
    const all = await world.engine.desk.list({ handled: false }, { offset: 0, limit: 300 });
    expect(all.total).toBe(200);
    await world.engine.sagas.cancel('other', 'ann', true);
    expect(await world.saga('other')).toMatchObject({ status: 'cancelled' });
    expect((await world.engine.desk.list({ handled: false }, { offset: 0, limit: 300 })).total).toBe(100);
    expect(most).toBeLessThanOrEqual(99);
  });
});

const ANN = { id: 'ann', person: 'ann' };

describe('a command that fails half-way', () => {
  it('counts what it has ended all the same', async () => {
    const world = await createSagaWorld();
    const waits = (id: string) => step(id, { type: 'wait', config: { signal: true } });
    await world.begin(await world.define([waits('x'), waits('y')]));
    world.watch(({ when, name, args }) => {
      if (when === 'before' && name === 'runs.commit' && JSON.stringify(args).includes('~y~')) {
        throw new Error('Throttled');
      }
    });
    await expect(world.engine.sagas.cancel(INSTANCE, 'ann', false)).rejects.toThrow('Throttled');
    world.watch(undefined);
    expect(await world.statuses()).toEqual({ x: 'cancelled', y: 'running' });
    await world.live(MINUTE_MS);
    expect(await world.saga()).toMatchObject({ status: 'cancelled' });
  });
});

describe('a transaction of a flow that was given another name', () => {
  it('has the new one, though the flow was loaded before', async () => {
    const world = await createSagaWorld();
    const flow = await world.define([step('a')]);
    await world.begin(flow, {}, 'before');
    await world.engine.flows.change(flow, { name: 'renamed' });
    await world.begin(flow, {}, 'after');
    expect(await world.saga('after')).toMatchObject({ flowName: 'renamed' });
  });
});

describe('a transaction whose id is that of a run', () => {
  it('does not end that run', async () => {
    const world = await createSagaWorld();
    const submitted = await world.submit({ handler: 'a', executeAt: world.now() + DAY_MS });
    await world.begin(await world.define([step('a')]), {}, submitted);
    await world.engine.sagas.cancel(submitted, 'ann', true);
    await world.work(() => ({ outcome: 'cancelled' }));
    expect(await world.saga(submitted)).toMatchObject({ status: 'cancelled' });
    expect(await world.run(submitted)).toMatchObject({ status: 'scheduled' });
  });
});

describe('a transaction that waits for a person for months', () => {
  it('keeps what it needs', async () => {
    const world = await createSagaWorld();
    const flow = await world.define([step('a'), step('b', { depends_on: ['a'], config: { x: '$.a.output' } })]);
    await world.begin(flow);
    await world.work(({ step }) => (step === 'b' ? FAILED : { output: '5' }));
    const { no } = await world.saga();
    const keptUntil: number[] = [];
    world.watch(({ when, name, args }) => {
      if (when === 'before' && name === 'sagas.keepRuns') {
        keptUntil.push(Number(args[1]) - world.now());
      }
    });
    await world.sleep(200 * DAY_MS);
    // At the second look it is kept beyond the third, which so has nothing to do.
    expect(keptUntil).toEqual(Array.from({ length: 2 }, () => 60 * DAY_MS + RETENTION_MS + 90 * DAY_MS));
    expect((await world.saga()).expiresAt).toBeUndefined();
    const later = createWorker(world, 'later', { handlers: ['b'] });
    await later.hello();
    await world.engine.sagas.retry(INSTANCE, 'ann');
    expect(later.orderOf(`${no}~b~2`)).toMatchObject({ payload: '{"x":5}' });
    await later.finish(later.holding());
    expect((await world.saga()).expiresAt).toBe(world.now() + RETENTION_MS);
  });

  it('does so once in a while, however often it is looked at', async () => {
    const world = await createSagaWorld();
    const end = new Date(world.now() + 300 * DAY_MS).toISOString();
    const waits = step('w', { type: 'wait', config: { until: end } });
    await world.begin(await world.define([step('a'), step('b', { retry: { interval: 60 } }), waits]));
    await world.work(({ step }) => (step === 'b' ? FAILED : {}));
    const calls = { looks: 0, kept: 0 };
    await world.sleep(100 * DAY_MS);
    world.watch(({ when, name, answer }) => {
      calls.looks += when === 'after' && name === 'runs.getMany' && Array.isArray(answer) ? 1 : 0;
      calls.kept += when === 'before' && name === 'sagas.keepRuns' ? 1 : 0;
    });
    await world.worker.heartbeat();
    for (let day = 0; day < 30; day += 1) {
      await world.engine.sagas.signal(INSTANCE, 'w', 1);
      const [exception] = await world.open();
      await world.engine.desk.act(exception?.id ?? '', { action: 'retry', at: world.now() + DAY_MS / 2 }, ANN);
      await world.sleep(DAY_MS);
    }
    expect(calls.looks).toBeGreaterThan(30);
    expect(calls.kept).toBeLessThanOrEqual(1);
  });
});

describe('cancelling', () => {
  it('undoes what was done', async () => {
    const world = await createSagaWorld();
    await world.begin(
      await world.define([undoable('a'), step('b', { depends_on: ['a'], type: 'wait', config: { signal: true } })]),
    );
    await world.work();
    expect(await world.engine.sagas.cancel(INSTANCE, 'ann', false)).toMatchObject({ kind: 'done' });
    expect(await world.work()).toEqual(['undo a']);
    expect(await world.saga()).toMatchObject({ status: 'compensated' });
    expect(await world.engine.sagas.cancel(INSTANCE, 'ann', false)).toEqual({ kind: 'refused', why: 'ended' });
  });

  it('leaves it as it is where nothing is to be undone, and waits for no worker', async () => {
    const world = await createSagaWorld();
    await world.begin(await world.define([undoable('a'), step('b')]));
    expect(await world.engine.sagas.cancel(INSTANCE, 'ann', true)).toMatchObject({
      kind: 'done',
      saga: { status: 'cancelled' },
    });
    const { no } = await world.saga();
    expect(await world.run(`${no}~a~1`)).toMatchObject({ status: 'cancelled' });
    expect(await world.work(() => ({ outcome: 'cancelled' }))).toHaveLength(2);
    expect(await world.saga()).toMatchObject({ status: 'cancelled' });
  });
});

describe('a step that waits', () => {
  it('for a signal ends when it is told, once, with what it was told', async () => {
    const world = await createSagaWorld();
    const { signal } = world.engine.sagas;
    const flow = await world.define([
      step('w', { type: 'wait', config: { signal: true } }),
      step('a', { depends_on: ['w'], config: { by: '$.w.output.by' } }),
    ]);
    await world.begin(flow);
    expect(await signal('other', 'w', null)).toBe('not_found');
    expect(await signal(INSTANCE, 'a', null)).toBe('not_waiting');
    expect(await signal(INSTANCE, 'w', { by: 'ann' })).toBe('done');
    expect(await signal(INSTANCE, 'w', { by: 'bob' })).toBe('not_waiting');
    const { no } = await world.saga();
    expect(world.worker.orderOf(`${no}~a~1`)).toMatchObject({ payload: '{"by":"ann"}' });
  });

  it('for a signal fails where nobody gives it in time', async () => {
    const world = await createSagaWorld();
    await world.begin(await world.define([step('w', { type: 'wait', config: { signal: true }, timeout: 60 })]));
    await world.live(2 * MINUTE_MS);
    expect(await world.saga()).toMatchObject({ status: 'failed', steps: { w: { status: 'failed' } } });
    expect((await world.saga()).steps.w).not.toHaveProperty('unknown');
  });
});

describe('lists', () => {
  it('show transactions newest first, by flow, status and time, and count them', async () => {
    const world = await createSagaWorld();
    const [first, second] = [await world.define([step('a')]), await world.define([step('b')])];
    for (let order = 0; order < 5; order += 1) {
      await world.begin(order % 2 === 0 ? first : second, {}, `order_${order}`);
      world.pass(MINUTE_MS);
    }
    await world.work(({ step }) => (step === 'b' ? FAILED : undefined));
    await world.count();
    const list = async (filter: Parameters<typeof world.engine.sagas.list>[0], offset = 0, limit = 10) => {
      const { rows, total } = await world.engine.sagas.list(filter, { offset, limit });
      return { total, instances: rows.map(({ instance }) => instance) };
    };
    expect(await list({}, 1, 2)).toEqual({ total: 5, instances: ['order_3', 'order_2'] });
    expect(await list({ flow: first }, 0, 1)).toEqual({ total: 3, instances: ['order_4'] });
    expect(await list({ statuses: ['failed'] })).toEqual({ total: 2, instances: ['order_3', 'order_1'] });
    expect(await list({ flow: first, statuses: ['failed'] })).toEqual({ total: 0, instances: [] });
    expect(await list({ since: world.now() - 2 * MINUTE_MS })).toEqual({ total: 2, instances: ['order_4', 'order_3'] });
  });
});
