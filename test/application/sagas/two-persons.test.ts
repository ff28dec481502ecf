import { describe, expect, it } from 'vitest';
import type { DeskRequest } from '../../../lib/application/sagas/api.ts';
import type { SagaException } from '../../../lib/domain/saga/saga.ts';
import { createSagaWorld, FAILED, INSTANCE, MINUTE_MS, type SagaWorld, step } from './saga-world.ts';

const personOf = (id: string) => ({ id, person: id });
const [ANN, BOB, NOBODY] = [personOf('ann'), personOf('bob'), personOf('anonymous')];
const ANNS_KEY = { id: 'key:1', person: 'ann' };

const HOUR_MS = 60 * MINUTE_MS;
const BOTH = { two_person_approval: true };
const NEXT = step('b', { depends_on: ['a'], config: { x: '$.a.output.x' } });
const UNDOABLE = step('a', { compensate: { config: { handler: 'undo_a' } } });

type Scene = {
  readonly world: SagaWorld;
  readonly exception: SagaException;
  readonly desk: SagaWorld['engine']['desk'];
  /** @returns the number of what is proposed */
  readonly propose: (request: DeskRequest) => Promise<number>;
};

/** A transaction that takes two persons, whose first step has failed. */
const failed = async (tasks = [step('a'), NEXT]): Promise<Scene> => {
  const world = await createSagaWorld();
  await world.begin(await world.define(tasks, BOTH));
  await world.work(({ step }) => (step === tasks.at(-1)?.id || step === 'a' ? FAILED : undefined));
  const [exception = expect.fail('nothing is open')] = await world.open();
  const { desk } = world.engine;
  const propose = async (request: DeskRequest): Promise<number> => {
    const answer = await desk.act(exception.id, request, ANN);
    return answer.kind === 'proposed' ? (answer.exception.proposal?.id ?? 0) : expect.fail(JSON.stringify(answer));
  };
  return { world, exception, desk, propose };
};

const SKIP = { action: 'skip', output: { x: 1 } } as const;

/** The second reading of the exception is the one that its word is judged on: something happens right after it. */
const whenJudged = <T>(world: SagaWorld, act: () => Promise<T>): Promise<T> =>
  new Promise((resolve) => {
    let readings = 0;
    world.watch(async ({ when, name }) => {
      readings += when === 'after' && name === 'sagaExceptions.get' ? 1 : 0;
      if (readings === 2) {
        world.watch(undefined);
        resolve(await act());
      }
    });
  });

describe('where two persons have to agree', () => {
  it('what one proposes is carried out when another approves it', async () => {
    const { world, exception, desk, propose } = await failed();
    expect(await desk.act(exception.id, SKIP, NOBODY)).toEqual({ kind: 'nobody' });
    const proposed = await propose(SKIP);
    expect(await world.saga()).toMatchObject({ status: 'failed' });
    expect(await desk.decide(exception.id, proposed, true, ANN)).toEqual({ kind: 'same_person' });
    expect(await desk.decide(exception.id, proposed, true, NOBODY)).toEqual({ kind: 'nobody' });
    const approved = await desk.decide(exception.id, proposed, true, BOB);
    expect(approved).toMatchObject({ kind: 'done', exception: { handled: { as: 'skipped', by: 'bob' } } });
    expect(world.worker.orderOf(`${exception.saga}~b~1`)).toMatchObject({ payload: '{"x":1}' });
    expect(await desk.decide(exception.id, proposed, true, BOB)).toEqual({ kind: 'nothing_proposed' });
  });

  it('a key of the one who proposed is no second person, whichever of the two comes first', async () => {
    const { exception, desk, propose } = await failed();
    expect(await desk.decide(exception.id, await propose(SKIP), true, ANNS_KEY)).toEqual({ kind: 'same_person' });
    const answer = await desk.act(exception.id, SKIP, ANNS_KEY);
    expect.assert(answer.kind === 'proposed');
    expect(answer.exception.proposal).toMatchObject({ by: 'key:1', person: 'ann' });
    const proposed = answer.exception.proposal?.id ?? 0;
    expect(await desk.decide(exception.id, proposed, true, ANN)).toEqual({ kind: 'same_person' });
  });

  it('nobody approves, or rejects, what has taken the place of what they read', async () => {
    const { exception, desk, propose } = await failed();
    const read = await propose(SKIP);
    const other = await propose({ action: 'skip', output: { x: 1_000_000 } });
    const answer = { kind: 'refused', why: 'not_proposed' };
    expect(await desk.decide(exception.id, read, true, BOB)).toEqual(answer);
    expect(await desk.decide(exception.id, read, false, BOB)).toEqual(answer);
    expect(await desk.get(exception.id)).toMatchObject({ proposal: { id: other } });
    await desk.decide(exception.id, other, false, BOB);
    // Nor what is proposed in the same words, after the first was dropped.
    expect(await propose(SKIP)).not.toBe(read);
  });

  it('what is rejected between the judgement and the commit of its approval is not carried out', async () => {
    const { world, exception, desk, propose } = await failed();
    const proposed = await propose(SKIP);
    const rejected = whenJudged(world, () => desk.decide(exception.id, proposed, false, ANN));
    expect(await desk.decide(exception.id, proposed, true, BOB)).toEqual({ kind: 'refused', why: 'not_proposed' });
    expect(await rejected).toMatchObject({ kind: 'done' });
    expect(await world.saga()).toMatchObject({ status: 'failed' });
  });

  it('nor where the approved action settles the exception only later', async () => {
    const { world, exception, desk, propose } = await failed([UNDOABLE]);
    const proposed = await propose({ action: 'compensate' });
    const rejected = whenJudged(world, () => desk.decide(exception.id, proposed, false, ANN));
    expect(await desk.decide(exception.id, proposed, true, BOB)).toEqual({ kind: 'refused', why: 'not_proposed' });
    expect(await rejected).toMatchObject({ kind: 'done' });
    expect(await world.saga()).toMatchObject({ status: 'failed' });
  });

  it('what is approved is proposed no longer', async () => {
    const undo = { config: { handler: 'undo_c' } };
    const { exception, desk, propose } = await failed([
      step('c', { compensate: undo }),
      step('d', { depends_on: ['c'] }),
    ]);
    const approved = await desk.decide(exception.id, await propose({ action: 'compensate' }), true, BOB);
    expect(approved).toMatchObject({ kind: 'done', saga: { status: 'compensating' } });
    expect(await desk.get(exception.id)).not.toHaveProperty('proposal');
  });

  it('a retry begins at the instant that was proposed; without one, an interval after it is approved', async () => {
    const { world, exception, desk, propose } = await failed();
    const at = world.now() + HOUR_MS;
    const proposed = await propose({ action: 'retry', at });
    expect(await desk.get(exception.id)).toMatchObject({ proposal: { retryAt: at } });
    world.pass(MINUTE_MS);
    expect(await desk.decide(exception.id, proposed, true, BOB)).toMatchObject({ exception: { retryAt: at } });
    const other = await failed();
    const soon = await other.propose({ action: 'retry' });
    other.world.pass(MINUTE_MS);
    expect(await other.desk.decide(other.exception.id, soon, true, BOB)).toMatchObject({
      exception: { retryAt: other.world.now() + other.exception.intervalMs },
    });
  });

  it('that nothing is left to do takes two as well', async () => {
    const { exception, desk } = await failed();
    expect(await desk.handle(exception.id, 'paid by hand', NOBODY)).toEqual({ kind: 'nobody' });
    const answer = await desk.handle(exception.id, 'paid by hand', ANN);
    expect(answer).toMatchObject({ kind: 'proposed', exception: { proposal: { action: 'handle' } } });
    const proposed = answer.kind === 'proposed' ? (answer.exception.proposal?.id ?? 0) : 0;
    expect(await desk.decide(exception.id, proposed, true, BOB)).toMatchObject({
      exception: { handled: { as: 'handled', by: 'bob', remark: 'paid by hand' } },
    });
  });

  it('one alone does not go round it by the transaction', async () => {
    const { world } = await failed([UNDOABLE]);
    const { sagas } = world.engine;
    const answer = { kind: 'refused', why: 'two_persons' };
    expect(await sagas.retry(INSTANCE, 'ann')).toEqual(answer);
    expect(await sagas.cancel(INSTANCE, 'ann', false)).toEqual(answer);
    expect(await sagas.cancel(INSTANCE, 'ann', true)).toEqual(answer);
    expect(await world.saga()).toMatchObject({ status: 'failed' });
  });

  it('the transaction above turns it back all the same', async () => {
    const world = await createSagaWorld();
    const below = await world.define([step('a')], { ...BOTH, name: 'below' });
    await world.begin(await world.define([step('sub', { type: 'flow', config: { flow_id: below } })]));
    const { no } = await world.saga();
    await world.engine.sagas.cancel(INSTANCE, 'ann', false);
    await world.work(() => ({ outcome: 'cancelled' }));
    expect(await world.saga(`${no}~sub~1`)).toMatchObject({ status: 'cancelled' });
  });

  it('no reading that lags says that one is enough', async () => {
    const { world, exception, desk } = await failed();
    world.watch(({ when, name, args }) => {
      if (when === 'before' && name === 'sagas.get' && args[1] === 'eventual') {
        throw new Error('This replica does not know it yet');
      }
    });
    expect(await desk.act(exception.id, SKIP, ANN)).toMatchObject({ kind: 'proposed' });
  });

  it('what would be refused is refused at once', async () => {
    const { exception, desk } = await failed();
    const answer = { kind: 'refused', why: 'not_backward' };
    expect(await desk.act(exception.id, { action: 'forward' }, ANN)).toEqual(answer);
  });

  it('what is rejected is dropped, and by whom is noted', async () => {
    const { exception, desk, propose } = await failed();
    const rejected = await desk.decide(exception.id, await propose({ action: 'done' }), false, BOB);
    expect(rejected).toMatchObject({
      kind: 'done',
      exception: { notes: [{ what: 'proposed_done' }, { what: 'rejected', by: 'bob' }] },
    });
    expect(await desk.get(exception.id)).not.toHaveProperty('proposal');
  });
});
