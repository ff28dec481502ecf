/**
 * The pool without workers: the queue of its orders, and what its handlers do in this world. An order may come twice and late,
 * and comes again where its function died.
 */
import type { FunctionExecutorPort, FunctionOrder } from '../../../lib/application/ports/function-pool.ts';
import type { Basics } from '../basics.ts';
import { isBehaviour } from '../fleet/behaviour.ts';
import { stepWork } from '../fleet/step-work.ts';
import type { Ended } from './ended.ts';

/** From the queue to the function; a message that is late; and the visibility timeout (lib/infrastructure). */
const TRANSIT_MS = 20;
const LATE_MS = 60_000;
const AGAIN_MS = 6 * 60_000;
const MAX_RECEIVES = 3;
/** As HTTP says it: whoever was asked has done nothing, or nobody knows. */
const CLEAR_NO = 409;
const NO_ANSWER = 503;

type Surroundings = Basics & { readonly deliver: (order: FunctionOrder) => Promise<Ended<unknown>> };

export const createFunctionPool = ({ timeline, chance, faults, ledger, deliver }: Surroundings) => {
  const arrive = (order: FunctionOrder, receives: number): void => {
    void deliver(order).then((ended) => {
      if (ended.kind === 'died' && receives < MAX_RECEIVES) {
        timeline.after(AGAIN_MS, () => arrive(order, receives + 1));
      }
    });
  };
  const put = (order: FunctionOrder): void => {
    const late = faults.strike('message_delayed') ? Math.ceil(chance() * LATE_MS) : 0;
    timeline.after(TRANSIT_MS + late, () => arrive(order, 1));
  };

  const execute: FunctionExecutorPort = async ({ run, attempt, handler, payload, timeoutMs, tries }) => {
    const startedAt = timeline.now();
    const given: unknown = JSON.parse(payload ?? 'null');
    const execution = ledger.begin(run, attempt, 'lambda', given);
    const work = async (): Promise<Partial<Awaited<ReturnType<FunctionExecutorPort>>>> => {
      if (handler === 'wait') {
        return { outcome: 'succeeded' };
      }
      const { body } = given as { readonly body: unknown };
      const deed: unknown = typeof body === 'string' ? JSON.parse(body) : body;
      const step = isBehaviour(deed) ? stepWork(run, attempt, tries, deed) : undefined;
      if (step === undefined) {
        ledger.fail('saga_input', `run ${run} of pool lambda was given ${payload}`);
        return { outcome: 'failed', reason: 'bad_payload', error: 'no step' };
      }
      await timeline.pause(Math.min(step.workMs, timeoutMs));
      if (step.workMs > timeoutMs) {
        return { outcome: 'timed_out', error: 'too slow' };
      }
      return step.fails
        ? {
            outcome: 'failed',
            reason: 'handler_failed',
            exitCode: attempt % 2 === 1 ? CLEAR_NO : NO_ANSWER,
            error: `no: ${run}:${attempt}`,
          }
        : { outcome: 'succeeded', output: step.output };
    };
    const ending = await work();
    execution.endedAt = timeline.now();
    if (ending.output !== undefined) {
      execution.output = ending.output;
    }
    execution.how = ending.outcome === 'succeeded' ? 'succeeded' : 'failed';
    return {
      ...{ run, attempt, outcome: 'failed', startedAt, durationMs: timeline.now() - startedAt },
      ...ending,
    };
  };

  return {
    send: async (order: FunctionOrder): Promise<void> => {
      put(order);
      if (faults.strike('message_doubled')) {
        put(order);
      }
    },
    execute,
  };
};
export type FunctionPool = ReturnType<typeof createFunctionPool>;
