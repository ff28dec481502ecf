/**
 * Who may call what: one row for each HTTP operation and each action on a worker's socket. A contract without a row does
 * not compile, and the authorization walk (test/promises) plays every row with every kind of credential.
 */
import type { Scope } from '../domain/identity/access.ts';
import type { WorkerFrame } from './frames.ts';
import type { OperationId } from './http/operations.ts';

export type Access =
  /** Nobody is asked; where the stage closes it, for the scope. */
  | { readonly kind: 'public'; readonly closed?: Scope }
  | { readonly kind: 'scope'; readonly scope: Scope }
  /** The scope, or being the user that the path parameter `id` names. */
  | { readonly kind: 'scope_or_self'; readonly scope: Scope }
  /** Being that user, logged in: no scope and no key stands in for it. */
  | { readonly kind: 'self' }
  /** Any user: logged in, or by a key that acts for one. */
  | { readonly kind: 'user' }
  /** A login itself: keys and other issuers' tokens have none. */
  | { readonly kind: 'login' };

const scope = (name: Scope): Access => ({ kind: 'scope', scope: name });
const PUBLIC: Access = { kind: 'public' };
const PUBLIC_UNLESS_CLOSED: Access = { kind: 'public', closed: 'workers:read' };

export const OPERATION_ACCESS: Readonly<Record<OperationId, Access>> = {
  health: PUBLIC,
  getJwks: PUBLIC,
  login: PUBLIC,
  refreshTokens: PUBLIC,
  getProfile: { kind: 'user' },
  logout: { kind: 'login' },
  listUsers: scope('users:admin'),
  getUser: { kind: 'scope_or_self', scope: 'users:admin' },
  createUser: scope('users:admin'),
  updateUser: scope('users:admin'),
  deleteUser: scope('users:admin'),
  changePassword: { kind: 'self' },
  createApiKey: scope('keys:write'),
  listApiKeys: scope('keys:write'),
  revokeApiKey: scope('keys:write'),
  rollApiKey: scope('keys:write'),
  listAudit: scope('audit:read'),
  createTask: scope('runs:write'),
  getTask: scope('runs:read'),
  cancelTask: scope('runs:write'),
  listTasks: scope('runs:read'),
  downloadPayload: scope('workers:connect'),
  createTaskLog: scope('runs:write'),
  listTaskLogs: scope('runs:read'),
  getTaskLog: scope('runs:read'),
  putTaskLog: scope('runs:write'),
  deleteTaskLog: scope('runs:write'),
  getTaskLogContent: scope('runs:read'),
  putTaskLogContent: scope('runs:write'),
  appendTaskLog: scope('runs:write'),
  whyTask: scope('runs:read'),
  whyCronjob: scope('jobs:read'),
  getTaskSocket: scope('workers:connect'),
  createJob: scope('jobs:write'),
  listJobs: scope('jobs:read'),
  getJob: scope('jobs:read'),
  updateJob: scope('jobs:write'),
  deleteJob: scope('jobs:write'),
  triggerJob: scope('jobs:write'),
  listJobRuns: scope('runs:read'),
  changeJobs: scope('jobs:write'),
  getJobLedger: scope('jobs:read'),
  getRun: scope('runs:read'),
  cancelRun: scope('runs:write'),
  listWorkers: scope('workers:read'),
  getWorker: scope('workers:read'),
  updateWorker: scope('workers:write'),
  heartbeatWorker: scope('workers:connect'),
  pollWorker: scope('workers:connect'),
  registerWorker: scope('workers:write'),
  listRegisteredWorkers: scope('workers:read'),
  getRegisteredWorker: scope('workers:read'),
  updateRegisteredWorker: scope('workers:write'),
  deleteRegisteredWorker: scope('workers:write'),
  pingWorker: scope('workers:connect'),
  pingWorkerByPut: scope('workers:connect'),
  systemHealth: PUBLIC,
  systemStatus: scope('jobs:read'),
  healthOfServices: PUBLIC,
  getMetrics: PUBLIC_UNLESS_CLOSED,
  root: PUBLIC,
  createCronjob: scope('jobs:write'),
  listCronjobs: scope('jobs:read'),
  validateExpression: scope('jobs:read'),
  bulkCronjobs: scope('jobs:write'),
  getCronjobByName: scope('jobs:read'),
  getCronjob: scope('jobs:read'),
  putCronjob: scope('jobs:write'),
  patchCronjob: scope('jobs:write'),
  deleteCronjob: scope('jobs:write'),
  toggleCronjob: scope('jobs:write'),
  executeCronjob: scope('jobs:write'),
  readLedger: scope('jobs:read'),
  startBackfill: scope('jobs:write'),
  listBackfills: scope('jobs:read'),
  cancelBackfill: scope('jobs:write'),
  createCronjobTask: scope('runs:write'),
  listCronjobTasks: scope('runs:read'),
  bulkCronjobTasks: scope('runs:write'),
  getCronjobTask: scope('runs:read'),
  putCronjobTask: scope('runs:write'),
  patchCronjobTask: scope('runs:write'),
  deleteCronjobTask: scope('runs:write'),
  updateTaskStatus: scope('runs:write'),
  updateTaskOutput: scope('runs:write'),
  cancelCronjobTask: scope('runs:write'),
  retryCronjobTask: scope('runs:write'),
  createCategory: scope('workers:write'),
  listCategories: scope('workers:read'),
  getCategory: scope('workers:read'),
  putCategory: scope('workers:write'),
  deleteCategory: scope('workers:write'),
  acquireLock: scope('runs:write'),
  releaseLock: scope('runs:write'),
  checkLock: scope('runs:read'),
  refreshLock: scope('runs:write'),
};

/** `$connect` and every frame; the frame's pool must be one of the key's. */
export const SOCKET_ACCESS: Readonly<Record<'connect' | WorkerFrame['type'], Scope>> = {
  connect: 'workers:connect',
  hello: 'workers:connect',
  resume: 'workers:connect',
  heartbeat: 'workers:connect',
  started: 'workers:connect',
  progress: 'workers:connect',
  log: 'workers:connect',
  result: 'workers:connect',
  goodbye: 'workers:connect',
};
