/** Every HTTP operation there is, by its id. */
import { downloadPayload, health } from './platform.ts';
import { cancelTask, createTask, getTask, listTasks } from './tasks.ts';

export const operations = { createTask, getTask, cancelTask, listTasks, health, downloadPayload };
export type Operations = typeof operations;
export type OperationId = keyof Operations;
