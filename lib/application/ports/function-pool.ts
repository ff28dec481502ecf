import type { RunOrder, RunResult } from '../../contracts/frames.ts';

/** What goes to the function that executes runs: the claim that it is to take up. */
export type FunctionOrder = { readonly run: string; readonly attempt: number };

/** Brings an order to the function, at least once. Throws when it may not have got there: the run's alarm sends it again. */
export type FunctionQueuePort = { readonly send: (order: FunctionOrder) => Promise<void> };

/**
 * Sends a message to one of the queues that the stage allows, at least once. Throws when it may not have got there.
 * @param dedup the same for every try: a receiver that has seen it has seen the message
 */
export type StepQueuePort = {
  readonly send: (queue: string, body: string, dedup: string) => Promise<void>;
  /** Those allowed. */
  readonly names: readonly string[];
};

/**
 * Executes one run here and now. Never rejects: a fault is a failed result.
 * @param storeOutput keeps the pieces of an output that is too long for a result
 */
export type FunctionExecutorPort = (
  order: RunOrder,
  storeOutput: (pieces: readonly string[]) => Promise<void>,
) => Promise<RunResult>;
