/** Operations of the API function. A file of its own: the function loads the contracts that it serves, and no others. */
import { downloadPayload, health } from './platform.ts';
import { cancelTask, createTask, getTask, listTasks } from './tasks.ts';

export const apiOperations = { createTask, getTask, cancelTask, listTasks, health, downloadPayload };
