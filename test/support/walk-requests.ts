/**
 * What the authorization walk asks of each operation: a request that somebody who may make it gets through with, and
 * whatever must be there for that. An operation without its request does not compile.
 */
import * as z from 'zod';
import { formatInstant } from '../../lib/contracts/http/instant.ts';
import type { OperationId } from '../../lib/contracts/http/operations.ts';
import type { Cast } from './walk-credentials.ts';
import { PASSWORD, type WalkWorld } from './walk-world.ts';

export type WalkRequest = {
  /** Values of the path's parameters, by name. */
  readonly at?: Readonly<Record<string, string>>;
  readonly query?: string;
  readonly body?: object;
};

/** @param person for whom the caller acts, where it is a person's credential */
type Make = (world: WalkWorld, cast: Cast, person: keyof Cast | undefined) => Promise<WalkRequest>;

const idSchema = z.object({ data: z.object({ id: z.coerce.string() }) }).transform(({ data }) => data.id);
const runSchema = z.object({ task: z.object({ id: z.coerce.string() }) }).transform(({ task }) => task.id);
const lockSchema = z.object({ data: z.object({ value: z.string() }) }).transform(({ data }) => data.value);
const anything = z.unknown();

const HOUR_MS = 3_600_000;
const WORKER = 'walker';

const nothing: Make = async () => ({});
const query =
  (text: string): Make =>
  async () => ({ query: text });
const body =
  (given: object): Make =>
  async () => ({ body: given });

const addRun = (world: WalkWorld): Promise<string> =>
  world.prepare('POST /api/v1/tasks', runSchema, {
    execute_at: formatInstant(world.now() + HOUR_MS),
    task_type: 'send_email',
    payload: {},
  });
const onRun =
  (given?: object): Make =>
  async (world) => ({ at: { id: await addRun(world) }, ...(given && { body: given }) });
const onEndedRun: Make = async (world) => {
  const id = await addRun(world);
  await world.prepare(`POST /api/v1/task/${id}/cancel`, anything);
  return { at: { id } };
};
const onLog =
  (given?: object): Make =>
  async (world) => {
    const id = await addRun(world);
    await world.prepare('POST /api/v1/tasklog', anything, { task_id: id, content: 'a line\n' });
    return { at: { id }, ...(given && { body: given }) };
  };

const JOB = { name: 'walk', executor: 'shell', command: 'date', schedule: '0 2 * * *' };
const addJob = (world: WalkWorld): Promise<string> => world.prepare('POST /api/tasks', idSchema, JOB);
const onJob =
  (given?: object): Make =>
  async (world) => ({ at: { id: await addJob(world) }, ...(given && { body: given }) });
const onJobInRange: Make = async (world) => ({
  at: { id: await addJob(world) },
  query: `from=${formatInstant(world.now())}&to=${formatInstant(world.now() + 24 * HOUR_MS)}`,
});
const pastOf = (world: WalkWorld) => ({
  from: formatInstant(world.now() - 48 * HOUR_MS),
  to: formatInstant(world.now()),
});

/** It has asked for work of the pool `default`, and so belongs to that. */
const onWorker =
  (given?: object): Make =>
  async (world) => {
    await world.prepare(`POST /api/workers/${WORKER}/poll`, anything, { handlers: ['shell'] });
    return { at: { id: WORKER }, ...(given && { body: given }) };
  };

const onCategory =
  (given?: object): Make =>
  async (world) => ({
    at: { id: await world.prepare('POST /api/v1/category', idSchema, { code: 'video', name: 'Video' }) },
    ...(given && { body: given }),
  });

const onHeldLock: Make = async (world) => {
  const value = await world.prepare('GET /api/v1/lock/acquire?key=walk', lockSchema);
  return { query: `key=walk&value=${value}` };
};

const onAlice =
  (given?: object): Make =>
  async (_world, { alice }) => ({ at: { id: alice.id }, ...(given && { body: given }) });
const onOwnKey =
  (given?: object): Make =>
  async (world, cast, person = 'alice') => {
    const { key } = await world.addKey({ owner: cast[person].id, name: 'own', role: 'user', scopes: [], pools: [] });
    return { at: { id: key.id }, ...(given && { body: given }) };
  };

export const WALK_REQUESTS: Readonly<Record<OperationId, Make>> = {
  health: nothing,
  getJwks: nothing,
  login: body({ username: 'alice', password: PASSWORD }),
  refreshTokens: async (world) => ({ body: { refresh_token: (await world.login('alice')).refresh } }),
  getProfile: nothing,
  logout: nothing,
  listUsers: nothing,
  getUser: onAlice(),
  createUser: body({ username: 'newuser', email: 'newuser@example.com', password: PASSWORD, role: 'user' }),
  updateUser: onAlice({ status: 0 }),
  deleteUser: onAlice(),
  changePassword: onAlice({ old_password: PASSWORD, new_password: 'another password' }),
  createApiKey: body({ name: 'walk', scopes: ['keys:write'] }),
  listApiKeys: nothing,
  revokeApiKey: onOwnKey(),
  rollApiKey: onOwnKey({}),
  listAudit: nothing,

  createTask: body({ execute_at: '2031-01-01T00:00:00Z', task_type: 'send_email', payload: {} }),
  getTask: onRun(),
  cancelTask: onRun(),
  listTasks: nothing,
  downloadPayload: onRun(),

  createTaskLog: async (world) => ({ body: { task_id: await addRun(world), content: 'a line\n' } }),
  listTaskLogs: nothing,
  getTaskLog: onLog(),
  putTaskLog: onLog({ content: 'another\n' }),
  deleteTaskLog: onLog(),
  getTaskLogContent: onLog(),
  putTaskLogContent: onLog({ content: 'another\n' }),
  appendTaskLog: onLog({ content: 'more\n' }),
  whyTask: onRun(),
  whyCronjob: onJob(),
  getTaskSocket: nothing,

  createJob: body(JOB),
  listJobs: nothing,
  getJob: onJob(),
  updateJob: onJob({ status: 'paused' }),
  deleteJob: onJob(),
  triggerJob: onJob(),
  listJobRuns: onJob(),
  changeJobs: async (world) => ({ body: { action: 'pause', filter: { ids: [Number(await addJob(world))] } } }),
  getJobLedger: onJobInRange,
  getRun: onRun(),
  cancelRun: onRun(),

  listWorkers: nothing,
  getWorker: onWorker(),
  updateWorker: onWorker({ enabled: false }),
  heartbeatWorker: onWorker({ status: 'online', current_tasks: 0 }),
  pollWorker: onWorker({ handlers: ['shell'] }),
  registerWorker: body({ name: 'new' }),
  listRegisteredWorkers: nothing,
  getRegisteredWorker: onWorker(),
  updateRegisteredWorker: onWorker({ name: 'renamed' }),
  deleteRegisteredWorker: onWorker(),
  pingWorker: onWorker(),
  pingWorkerByPut: onWorker(),

  systemHealth: nothing,
  systemStatus: nothing,
  healthOfServices: nothing,
  getMetrics: nothing,
  root: nothing,

  createCronjob: body({ name: 'walk', time: '0 0 2 * * * *', command: 'date' }),
  listCronjobs: nothing,
  validateExpression: body({ expr: '0 0 2 * * * *' }),
  bulkCronjobs: async (world) => ({ body: { action: 'pause', ids: [await addJob(world)] } }),
  getCronjobByName: async (world) => {
    await world.prepare('POST /api/v1/cronjob', anything, { name: 'walk', time: '0 0 2 * * * *', command: 'date' });
    return { at: { project: 'default', name: 'walk' } };
  },
  getCronjob: onJob(),
  putCronjob: onJob({ name: 'walk', time: '0 0 * * * * *', command: 'date' }),
  patchCronjob: onJob({ is_active: false }),
  deleteCronjob: onJob(),
  toggleCronjob: onJob(),
  executeCronjob: onJob(),
  readLedger: onJobInRange,
  startBackfill: async (world) => ({ at: { id: await addJob(world) }, body: pastOf(world) }),
  listBackfills: onJob(),
  cancelBackfill: async (world) => {
    const id = await addJob(world);
    const backfill = await world.prepare(`POST /api/v1/cronjob/${id}/backfill`, idSchema, pastOf(world));
    return { at: { id, backfill } };
  },
  createCronjobTask: body({ name: 'walk', command: 'date' }),
  listCronjobTasks: nothing,
  bulkCronjobTasks: async (world) => ({ body: { action: 'cancel', ids: [await addRun(world)] } }),
  getCronjobTask: onRun(),
  putCronjobTask: onRun({ name: 'renamed' }),
  patchCronjobTask: onRun({ task_order: 2 }),
  deleteCronjobTask: onRun(),
  updateTaskStatus: onRun({ status: 'canceled' }),
  updateTaskOutput: onRun({ output: 'done by hand' }),
  cancelCronjobTask: onRun(),
  retryCronjobTask: onEndedRun,

  createCategory: body({ code: 'audio' }),
  listCategories: nothing,
  getCategory: onCategory(),
  putCategory: onCategory({ setup: 'apt-get install -y ffmpeg' }),
  deleteCategory: onCategory(),
  acquireLock: query('key=walk'),
  releaseLock: onHeldLock,
  checkLock: query('key=walk'),
  refreshLock: onHeldLock,
};
