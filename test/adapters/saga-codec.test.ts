/** A transaction's row is written for each step that ends, and DynamoDB bills it by the KB: so what it weighs is a promise. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  decodeException,
  decodeSaga,
  encodeException,
  encodeSaga,
} from '../../lib/adapters/dynamodb/sagas/saga-codec.ts';
import { decodeStep, encodeStep } from '../../lib/adapters/dynamodb/sagas/step-codec.ts';
import type { FlowRow } from '../../lib/domain/flow/flow.ts';
import { type Saga, STEP_STATUSES, type StepState, UNDO_STATUSES } from '../../lib/domain/saga/saga.ts';
import { makeOp } from '../../lib/platform/token.ts';
import { itemBytes } from '../support/item-size.ts';
import { NOW } from '../support/rows.ts';
import { aFlow, anException, aSaga, changedException } from '../support/saga-rows.ts';

/** What one write unit buys. */
const WRITE_UNIT_BYTES = 1_024;

const FLOW: Pick<FlowRow, 'id' | 'name'> = aFlow({ name: 'order fulfilment with payment and shipping' });
const STEPS = ['reserve_stock', 'charge_payment', 'create_shipment', 'notify_customer', 'close_order'];

const withSteps = (state: (step: string, index: number) => StepState, fields: Partial<Saga> = {}): Saga =>
  aSaga({
    ...{ instance: `order-${'0123456789'.repeat(5)}-1234567`, flow: FLOW.id, flowName: FLOW.name },
    ...{ params: JSON.stringify({ charge_payment: { note: 'x'.repeat(170) } }), version: 12, g: 9 },
    steps: Object.fromEntries(STEPS.map((step, index) => [step, state(step, index)])),
    ...fields,
  });

const written = (saga: Saga) => {
  const op = makeOp();
  return itemBytes({ ...encodeSaga(saga), op, born: op });
};

describe('a transaction of five steps with 200 bytes of parameters', () => {
  it.each<readonly [string, Saga]>([
    ['that has just begun', withSteps((_step, index) => ({ status: index === 0 ? 'running' : 'pending', runs: 1 }))],
    [
      'that has succeeded',
      withSteps(() => ({ status: 'succeeded', runs: 1 }), { status: 'succeeded', endedAt: NOW, expiresAt: NOW }),
    ],
    [
      'that is undoing what its steps did, after many tries, some of unknown outcome',
      withSteps(() => ({ status: 'failed', runs: 10, unknown: true, undo: 'running', undoRuns: 10 }), {
        ...{ status: 'compensating', direction: 'backward', bumped: { g: 9, nonce: makeOp() } },
      }),
    ],
    [
      'that waits for a person, with an exception of one step',
      withSteps(
        (_step, index) => ({ status: 'failed', runs: 1, ...(index === 0 && { exception: FLOW.id, startAt: NOW }) }),
        { status: 'failed' },
      ),
    ],
  ])('%s takes one write unit', (_which, saga) => {
    expect(saga.params).toHaveLength(200);
    expect(saga.instance).toHaveLength(64);
    expect(written(saga)).toBeLessThan(WRITE_UNIT_BYTES);
  });
});

const counts = fc.nat(1_000_000);
const text = fc.string({ minLength: 1 });
const steps = fc
  .record(
    {
      ...{ status: fc.constantFrom(...STEP_STATUSES), runs: counts, unknown: fc.constant(true as const) },
      ...{ undo: fc.constantFrom(...UNDO_STATUSES), undoRuns: counts, startAt: counts },
      ...{ input: text, output: text, exception: text },
    },
    { requiredKeys: ['status', 'runs'] },
  )
  .map((state): StepState => state);

describe('a row', () => {
  it('gives back every state of a step', () => {
    fc.assert(
      fc.property(steps, (state) => {
        expect(decodeStep(encodeStep(state))).toEqual(state);
      }),
    );
  });

  it('has a few characters for a step that has nothing but its status and its runs', () => {
    expect(encodeStep({ status: 'succeeded', runs: 1 })).toBe('s1');
    expect(encodeStep({ status: 'failed', runs: 2, unknown: true, undo: 'running', undoRuns: 3 })).toBe('f2?/r3');
    expect(encodeStep({ status: 'pending', runs: 2, undoRuns: 1 })).toBe('p2/-1');
  });

  it('refuses a state that this version does not know, rather than take it for another', () => {
    expect(() => decodeStep('z1')).toThrow('"z1"');
    expect(() => decodeStep('s1/z2')).toThrow('"s1/z2"');
    expect(() => decodeStep({ output: '1' })).toThrow('no state');
  });

  it('gives back a transaction and an exception as they were', () => {
    const saga = withSteps(() => ({ status: 'waived', runs: 0, output: '1' }), {
      ...{ status: 'failed', direction: 'backward', depth: 2, expiresAt: NOW },
    });
    expect(decodeSaga(encodeSaga(saga))).toEqual(saga);
    expect(encodeSaga(saga)).toMatchObject({ origin: saga.flow, listedStatus: 'failed' });
    const open = anException(saga);
    const handled = changedException(open, { handled: { at: NOW, by: 'user:1', as: 'done' }, expiresAt: NOW });
    expect([open, handled].map((exception) => decodeException(encodeException(exception)))).toEqual([open, handled]);
    expect([open, handled].map((exception) => encodeException(exception).listedStatus)).toEqual(['open', undefined]);
  });
});
