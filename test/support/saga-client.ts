/** API E as a caller uses it, for tests. */
import type { Transaction } from '../../lib/contracts/http/e/transaction.ts';
import { until } from './until.ts';

export type Answered = { readonly status: number; readonly code: number; readonly message: string };

export type SagaClient = {
  /** What is answered in `data`; a refusal throws with what it says. */
  readonly ask: <T>(method: string, path: string, body?: object) => Promise<T>;
  /** The status, whatever it is. */
  readonly send: (method: string, path: string, body?: object) => Promise<Answered & { readonly data?: unknown }>;
  /** @returns the flow's id */
  readonly define: (tasks: readonly object[]) => Promise<string>;
  readonly start: (instance: string, flow: string, params?: object) => Promise<void>;
  readonly get: (instance: string) => Promise<Transaction>;
  readonly reached: (instance: string, status: Transaction['status'], withinMs?: number) => Promise<Transaction>;
};

export const createSagaClient = (url: string, key: string): SagaClient => {
  let flows = 0;

  const send: SagaClient['send'] = async (method, path, body) => {
    const response = await fetch(`${url}/api/v1${path}`, {
      method,
      headers: {
        authorization: `Bearer ${key}`,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const answer = (await response.json()) as Omit<Answered, 'status'> & { readonly data?: unknown };
    return { ...answer, status: response.status };
  };
  const ask = async <T>(method: string, path: string, body?: object): Promise<T> => {
    const { status, message, data } = await send(method, path, body);
    if (status !== 200) {
      throw new Error(`${method} ${path} was answered with ${status}: ${message}`);
    }
    return data as T;
  };
  const get = (instance: string): Promise<Transaction> => ask('GET', `/transactions/${encodeURIComponent(instance)}`);

  return {
    ask,
    send,
    get,
    define: async (tasks) => {
      flows += 1;
      const form = { name: `flow ${flows}`, flow_type: 'test', create_user: 'test', definition: { tasks } };
      const { id } = await ask<{ readonly id: string }>('POST', '/flows', form);
      return id;
    },
    start: async (instance, flow, params = {}) => {
      await ask('POST', '/transactions', { instance_id: instance, flow_id: flow, params });
    },
    reached: async (instance, status, withinMs) => {
      let last: Transaction | undefined;
      try {
        return await until(
          `${instance} ${status}`,
          async () => {
            last = await get(instance);
            return last.status === status ? last : undefined;
          },
          withinMs,
        );
      } catch (error) {
        throw new Error(`It is ${JSON.stringify(last)}`, { cause: error });
      }
    },
  };
};
