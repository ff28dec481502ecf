/**
 * Transactions and their exceptions as items. A transaction's row is written once for each step that ends, so defaults are
 * left out, and steps are a few characters each ({@link ./step-codec.ts}): one of five steps stays below 1 KB, which is what
 * one write unit buys. `origin` and `listedStatus` are there for the indexes, as a run's are; the key has the number.
 */
import type { Saga, SagaException, StepState } from '../../../domain/saga/saga.ts';
import type { Item } from '../conditional.ts';
import type { Key } from '../keys.ts';
import { toTtl } from '../ttl.ts';
import { isVoid } from '../void-mark.ts';
import { idOfSortKey, sagaExceptionKey, sagaKey } from './keys.ts';
import { decodeStep, encodeStep } from './step-codec.ts';

const ttlOf = (expiresAt: number | undefined): number | undefined =>
  expiresAt === undefined ? undefined : toTtl(expiresAt);
const endOf = (ttl: unknown): { readonly expiresAt?: number } =>
  ttl === undefined ? {} : { expiresAt: Number(ttl) * 1_000 };

const encodeSteps = (steps: Saga['steps']): Item | undefined => {
  const encoded = Object.entries(steps).map(([step, state]) => [step, encodeStep(state)] as const);
  return encoded.length === 0 ? undefined : Object.fromEntries(encoded);
};
const decodeSteps = (steps: unknown): Readonly<Record<string, StepState>> =>
  Object.fromEntries(Object.entries((steps ?? {}) as Item).map(([step, state]) => [step, decodeStep(state)]));

/** All attributes but the key; `undefined` where there is none. */
export const encodeSagaFields = (saga: Saga): Item => {
  const { no: _no, flow, direction, steps, depth, expiresAt, ...plain } = saga;
  return {
    ...plain,
    origin: flow,
    listedStatus: saga.status === 'failed' ? 'failed' : undefined,
    direction: direction === 'forward' ? undefined : direction,
    steps: encodeSteps(steps),
    depth: depth === 0 ? undefined : depth,
    ttl: ttlOf(expiresAt),
  };
};

export const encodeSaga = (saga: Saga): Key & Item => ({ ...encodeSagaFields(saga), ...sagaKey(saga.no) });

type PlainSaga = Omit<Saga, 'no' | 'flow' | 'direction' | 'steps' | 'depth' | 'expiresAt'>;

/** Nothing where there is but a void mark. */
export const decodeSaga = (item: Item | undefined): Saga | undefined => {
  if (item === undefined || isVoid(item.status)) {
    return undefined;
  }
  const {
    pk: _pk,
    sk,
    op: _op,
    born: _born,
    listedStatus: _listed,
    origin,
    direction,
    steps,
    depth,
    ttl,
    ...plain
  } = item;
  return {
    ...(plain as PlainSaga),
    no: idOfSortKey(sk),
    flow: String(origin),
    direction: direction === 'backward' ? 'backward' : 'forward',
    steps: decodeSteps(steps),
    depth: Number(depth ?? 0),
    ...endOf(ttl),
  };
};

/** All attributes but the key; `undefined` where there is none. */
export const encodeExceptionFields = (exception: SagaException): Item => {
  const { id: _id, flow, expiresAt, ...plain } = exception;
  return {
    ...plain,
    origin: flow,
    listedStatus: exception.handled === undefined ? 'open' : undefined,
    ttl: ttlOf(expiresAt),
  };
};

export const encodeException = (exception: SagaException): Key & Item => ({
  ...encodeExceptionFields(exception),
  ...sagaExceptionKey(exception.id),
});

type PlainException = Omit<SagaException, 'id' | 'flow' | 'expiresAt'>;

export const decodeException = (item: Item | undefined): SagaException | undefined => {
  if (item === undefined) {
    return undefined;
  }
  const { pk: _pk, sk, op: _op, listedStatus: _listed, origin, ttl, ...plain } = item;
  return { ...(plain as PlainException), id: idOfSortKey(sk), flow: String(origin), ...endOf(ttl) };
};
