/** The worker library: what a program that executes runs imports. */
export type { BuiltIn } from './built-in/index.ts';
export type { Context, Handler, Task } from './handlers.ts';
export { createTextLogger, type WorkerLogger } from './logger.ts';
export { OptionsError, type WorkerOptions } from './options.ts';
export { DRAIN_MS, Worker } from './worker.ts';
