/** What the pool without workers executes for steps of flows alone: whoever may submit a task cannot send to a queue with it. */
import * as z from 'zod';
import type { StepQueuePort } from '../../application/ports/function-pool.ts';
import type { STEP_HANDLERS } from '../../domain/fleet/function-pool.ts';
import { badPayload, withPayload } from '../../worker/built-in/payload.ts';
import { type Executor, errorText } from '../../worker/handlers.ts';

const queuePayload = z.object({
  queue: z.string().min(1),
  /** Sent as JSON. */
  body: z.unknown().default({}),
});

const sendTo = ({ send, names }: StepQueuePort): Executor =>
  withPayload(queuePayload, async ({ queue, body }, { run }) => {
    if (!names.includes(queue)) {
      const allowed = names.length === 0 ? 'it allows none' : `it allows ${names.join(', ')}`;
      return badPayload(`This stage does not allow queue ${queue}: ${allowed} (stepQueues in cdk.json)`);
    }
    try {
      await send(queue, JSON.stringify(body), run);
      return { outcome: 'succeeded' };
    } catch (error) {
      return { outcome: 'failed', reason: 'handler_failed', error: errorText(error) };
    }
  });

/** Its instant has come: there is nothing left to do. */
const wait: Executor = async () => ({ outcome: 'succeeded' });

export const createStepExecutors = (queues: StepQueuePort): Record<(typeof STEP_HANDLERS)[number], Executor> => ({
  queue: sendTo(queues),
  wait,
});
