/** Operations of the API function. A file of its own: the function loads the contracts that it serves, and no others. */
import { createCategory, deleteCategory, getCategory, listCategories, putCategory } from './a/categories.ts';
import { cancelBackfill, executeCronjob, listBackfills, readLedger, startBackfill } from './a/cronjob-runs.ts';
import {
  bulkCronjobs,
  createCronjob,
  deleteCronjob,
  getCronjob,
  getCronjobByName,
  listCronjobs,
  patchCronjob,
  putCronjob,
  toggleCronjob,
  validateExpression,
} from './a/cronjobs.ts';
import { healthOfServices } from './a/health.ts';
import { acquireLock, checkLock, refreshLock, releaseLock } from './a/locks.ts';
import { root } from './a/root.ts';
import { getTaskSocket } from './a/socket.ts';
import {
  appendTaskLog,
  createTaskLog,
  deleteTaskLog,
  getTaskLog,
  getTaskLogContent,
  listTaskLogs,
  putTaskLog,
  putTaskLogContent,
} from './a/task-logs.ts';
import {
  bulkCronjobTasks,
  cancelCronjobTask,
  createCronjobTask,
  deleteCronjobTask,
  getCronjobTask,
  listCronjobTasks,
  patchCronjobTask,
  putCronjobTask,
  retryCronjobTask,
  updateTaskOutput,
  updateTaskStatus,
} from './a/tasks.ts';
import { whyCronjob, whyTask } from './a/why.ts';
import {
  deleteRegisteredWorker,
  getRegisteredWorker,
  listRegisteredWorkers,
  pingWorker,
  pingWorkerByPut,
  registerWorker,
  updateRegisteredWorker,
} from './a/workers.ts';
import { pollWorker } from './b/poll.ts';
import { cancelRun, getJobLedger, getRun, listJobRuns, triggerJob } from './b/runs.ts';
import { systemHealth, systemStatus } from './b/system.ts';
import { changeJobs, createJob, deleteJob, getJob, listJobs, updateJob } from './b/tasks.ts';
import { getWorker, heartbeatWorker, listWorkers, updateWorker } from './b/workers.ts';
import { getMetrics } from './metrics.ts';
import { downloadPayload, health } from './platform.ts';
import { cancelTask, createTask, getTask, listTasks } from './tasks.ts';

/** In the order in which the documentation shows them within their groups. */
export const apiOperations = {
  root,
  createCronjob,
  listCronjobs,
  validateExpression,
  bulkCronjobs,
  getCronjobByName,
  getCronjob,
  putCronjob,
  patchCronjob,
  deleteCronjob,
  toggleCronjob,
  executeCronjob,
  readLedger,
  startBackfill,
  listBackfills,
  cancelBackfill,
  whyCronjob,
  createCronjobTask,
  listCronjobTasks,
  bulkCronjobTasks,
  getCronjobTask,
  putCronjobTask,
  patchCronjobTask,
  deleteCronjobTask,
  updateTaskStatus,
  updateTaskOutput,
  cancelCronjobTask,
  retryCronjobTask,
  whyTask,
  createTaskLog,
  listTaskLogs,
  getTaskLog,
  putTaskLog,
  deleteTaskLog,
  getTaskLogContent,
  putTaskLogContent,
  appendTaskLog,
  registerWorker,
  listRegisteredWorkers,
  getRegisteredWorker,
  updateRegisteredWorker,
  deleteRegisteredWorker,
  pingWorker,
  pingWorkerByPut,
  getTaskSocket,
  createCategory,
  listCategories,
  getCategory,
  putCategory,
  deleteCategory,
  acquireLock,
  releaseLock,
  checkLock,
  refreshLock,
  healthOfServices,
  createJob,
  listJobs,
  getJob,
  updateJob,
  deleteJob,
  triggerJob,
  listJobRuns,
  changeJobs,
  getJobLedger,
  getRun,
  cancelRun,
  listWorkers,
  getWorker,
  updateWorker,
  heartbeatWorker,
  pollWorker,
  systemHealth,
  systemStatus,
  createTask,
  getTask,
  cancelTask,
  listTasks,
  health,
  getMetrics,
  downloadPayload,
};
