import type { RunOrder, RunResult } from '../../contracts/frames.ts';

/** What goes to the function that executes runs: the claim that it is to take up. */
export type FunctionOrder = { readonly run: string; readonly attempt: number };

/** Brings an order to the function, at least once. Throws when it may not have got there: the run's alarm sends it again. */
export type FunctionQueuePort = { readonly send: (order: FunctionOrder) => Promise<void> };

/** Executes one run here and now. Never rejects: a fault is a failed result. */
export type FunctionExecutorPort = (order: RunOrder) => Promise<RunResult>;
