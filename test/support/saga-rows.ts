/** Flows, transactions and exceptions for tests: ids ordered by creation, names that nobody else has. */
import type { FlowRow, FlowVersion } from '../../lib/domain/flow/flow.ts';
import type { Saga, SagaException } from '../../lib/domain/saga/saga.ts';
import { freshId } from '../ports/fresh-id.ts';
import { NOW } from './rows.ts';

export const aFlow = (fields: Partial<FlowRow> = {}): FlowRow => {
  const id = fields.id ?? freshId();
  return {
    ...{ id, name: `order ${id}`, description: 'Pays and ships', flowType: 'order' },
    ...{ createUser: 'ann', updatedUser: 'ann', active: true, latest: 1, createdAt: NOW, updatedAt: NOW, version: 1 },
    ...fields,
  };
};

/** Its next version: what a change of it writes. */
export const changedFlow = (flow: FlowRow, fields: Partial<FlowRow> = {}): FlowRow => ({
  ...flow,
  ...{ version: flow.version + 1, updatedAt: flow.updatedAt + 1 },
  ...fields,
});

export const aVersion = (flow: Pick<FlowRow, 'id'>, fields: Partial<FlowVersion> = {}): FlowVersion => ({
  ...{ flow: flow.id, version: 1, definition: '{"tasks":[]}', createdAt: NOW },
  ...fields,
});

export const aSaga = (fields: Partial<Saga> = {}): Saga => {
  const no = fields.no ?? freshId();
  return {
    ...{ no, instance: `order-${no}`, flow: '42', flowName: 'order', flowVersion: 1 },
    ...{ status: 'running', direction: 'forward', steps: {}, params: '{}', fingerprint: 'f'.repeat(64), depth: 0 },
    ...{ createdAt: NOW, updatedAt: NOW, version: 1, g: 1, wakeAt: NOW + 20_000 },
    ...fields,
  };
};

/** Its next version: what a decision writes. */
export const changedSaga = (saga: Saga, fields: Partial<Saga> = {}): Saga => ({
  ...saga,
  ...{ version: saga.version + 1, updatedAt: saga.updatedAt + 1 },
  ...fields,
});

export const anException = (saga: Saga, fields: Partial<SagaException> = {}): SagaException => ({
  ...{ id: freshId(), saga: saga.no, instance: saga.instance, flow: saga.flow, flowName: saga.flowName },
  ...{ step: 'pay', taskName: 'Pay', run: `${saga.no}~pay~1`, error: 'No money', reason: 'handler_failed' },
  ...{ strategy: 'manual', tries: 1, maxTries: 3, intervalMs: 60_000, at: NOW, notes: [], version: 1 },
  ...fields,
});

export const changedException = (exception: SagaException, fields: Partial<SagaException> = {}): SagaException => ({
  ...exception,
  version: exception.version + 1,
  ...fields,
});
