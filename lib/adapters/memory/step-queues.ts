import type { StepQueuePort } from '../../application/ports/function-pool.ts';

export type QueuedMessage = { readonly queue: string; readonly body: string; readonly dedup: string };

/** Queues that nobody receives from. @param onMessage sees what was sent */
export const createMemoryStepQueues = (
  names: readonly string[],
  onMessage: (message: QueuedMessage) => void,
): StepQueuePort => ({
  names,
  send: async (queue, body, dedup) => onMessage({ queue, body, dedup }),
});
