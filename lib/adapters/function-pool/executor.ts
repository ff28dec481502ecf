/**
 * Executes runs in this process, with the worker library's own handlers for HTTP and its guard: only public addresses, so
 * that whoever may create a task cannot reach what the function's account or network keeps to itself.
 */
import type { FunctionExecutorPort, StepQueuePort } from '../../application/ports/function-pool.ts';
import { parseExactJson } from '../../domain/exact-json.ts';
import { FUNCTION_HANDLERS, FUNCTION_RUN_LIMIT_MS } from '../../domain/fleet/function-pool.ts';
import { runFamily } from '../../domain/ids.ts';
import type { Network } from '../../worker/built-in/address-guard.ts';
import { builtIns } from '../../worker/built-in/index.ts';
import { createServerClock, systemClock } from '../../worker/clock.ts';
import { startExecution, unbegun } from '../../worker/execution.ts';
import type { Executor } from '../../worker/handlers.ts';
import { createStepExecutors } from './step-executors.ts';

const group: Executor = async () => ({ outcome: 'succeeded' });

/**
 * @param allowed networks that may be reached though they are not public; a test's own
 * @param queues those that steps of flows may send to
 */
export const createFunctionExecutor = (allowed: readonly Network[], queues: StepQueuePort): FunctionExecutorPort => {
  const executors = new Map<string, Executor>([...builtIns(['http'], allowed), ['group', group]]);
  const forSteps = new Map<string, Executor>(Object.entries(createStepExecutors(queues)));
  const serverClock = createServerClock(systemClock);
  return async (order, storeOutput) => {
    const ofStep = runFamily(order.run) === 'step' ? forSteps.get(order.handler) : undefined;
    const execute = ofStep ?? executors.get(order.handler);
    if (execute === undefined) {
      const error = `Pool lambda executes ${FUNCTION_HANDLERS.join(', ')} only: give ${order.handler} a pool with workers`;
      return unbegun(order, serverClock.nowMs(), { outcome: 'failed', reason: 'no_handler', error });
    }
    // A step's message goes out as JSON again: an order's id of 19 digits is to be the same there.
    const parse = ofStep === undefined ? JSON.parse : parseExactJson;
    const payload: unknown = parse(order.payload ?? 'null');
    const timeoutMs = Math.min(order.timeoutMs, FUNCTION_RUN_LIMIT_MS);
    const { ended } = startExecution({
      order: { ...order, timeoutMs },
      payload,
      execute,
      clock: systemClock,
      serverClock,
      onProgress: () => undefined,
      storeOutput: (_order, pieces) => storeOutput(pieces),
      onText: () => undefined,
    });
    return ended;
  };
};
