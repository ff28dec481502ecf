import type { SQSRecord } from 'aws-lambda';
import { describe, expect, it } from 'vitest';
import type { FunctionExecutorPort, FunctionOrder } from '../../../lib/application/ports/function-pool.ts';
import { encodeFunctionOrder } from '../../../lib/contracts/function-order.ts';
import type { Logger } from '../../../lib/platform/logger.ts';
import { createFunctionRunsHandler } from '../../../lib/platform/queue/function-runs-handler.ts';

const execute: FunctionExecutorPort = () => Promise.reject(new Error('Not called here'));

const open = (executeRun: (order: FunctionOrder) => Promise<void>) => {
  const errors: unknown[] = [];
  const logger: Logger = {
    ...{ debug: () => undefined, info: () => undefined, warn: () => undefined },
    error: (_message, fields) => void errors.push(fields),
    with: () => logger,
  };
  const handle = createFunctionRunsHandler({ engine: { executeRun }, execute, logger });
  const invoke = (bodies: readonly string[]) =>
    handle({ Records: bodies.map((body, index) => ({ messageId: `m${index}`, body }) as SQSRecord) });
  return { errors, invoke };
};

describe('orders to the function that executes runs', () => {
  const orders = ['1', '2', '3'].map((run) => ({ run, attempt: 2 }));

  it('are executed side by side, as they were sent', async () => {
    const begun: FunctionOrder[] = [];
    const all = Promise.withResolvers<void>();
    const { invoke, errors } = open(async (order) => {
      begun.push(order);
      if (begun.length === orders.length) {
        all.resolve();
      }
      // None ends before all have begun.
      await all.promise;
    });
    expect(await invoke(orders.map(encodeFunctionOrder))).toEqual({ batchItemFailures: [] });
    expect(begun).toEqual(orders);
    expect(errors).toEqual([]);
  });

  it('that fail stay in the queue, and the others do not', async () => {
    const { invoke, errors } = open(async ({ run }) => {
      if (run === '2') {
        throw new Error('The table is throttled');
      }
    });
    expect(await invoke(orders.map(encodeFunctionOrder))).toEqual({ batchItemFailures: [{ itemIdentifier: 'm1' }] });
    expect(errors).toMatchObject([{ messageId: 'm1', error: { message: 'The table is throttled' } }]);
  });

  it.each(['', 'nonsense', '{}', '{"run":"","attempt":1}', '{"run":"1","attempt":0}'])(
    'that are none end in the dead letters: %s',
    async (body) => {
      const { invoke } = open(async () => undefined);
      expect(await invoke([body])).toEqual({ batchItemFailures: [{ itemIdentifier: 'm0' }] });
    },
  );
});
