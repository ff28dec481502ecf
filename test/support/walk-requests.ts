/**
 * What the authorization walk asks of each operation: a request that somebody who may make it gets through with, and
 * whatever must be there for that. An operation without its request does not compile.
 */
import * as z from 'zod';
import type { OperationId } from '../../lib/contracts/http/operations.ts';
import { formatInstant } from '../../lib/domain/instant.ts';
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
const polledSchema = z
  .object({ data: z.object({ runs: z.tuple([z.object({ run: z.string(), attempt: z.int() })]) }) })
  .transform(({ data }) => data.runs[0]);
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

const exceptionSchema = z
  .object({ data: z.object({ list: z.array(z.object({ id: z.coerce.string() })) }) })
  .transform(({ data }, context) => {
    const [newest] = data.list;
    if (newest === undefined) {
      context.addIssue({ code: 'custom', message: 'There is no exception' });
      return z.NEVER;
    }
    return newest.id;
  });

/** Fails at once, with nothing executed: there are no such params. */
const BROKEN = { handler: 'none', value: '$.params.none' };
const flowOf = (definition: object, name = 'walk') => ({
  ...{ name, flow_type: 'test', create_user: 'walker' },
  definition: JSON.stringify(definition),
});
const WAITING = flowOf({ tasks: [{ id: 'wait', type: 'wait', config: { signal: true } }] });
const FAILING = {
  tasks: [
    { id: 'first', config: BROKEN, compensate: { config: BROKEN, retry: { strategy: 'no_retry' } } },
    { id: 'second', depends_on: ['first'], config: BROKEN },
  ],
};
const addFlow = (world: WalkWorld, flow: object = WAITING): Promise<string> =>
  world.prepare('POST /api/v1/flows', idSchema, flow);
const onFlow =
  (given?: object): Make =>
  async (world) => ({ at: { id: await addFlow(world) }, ...(given && { body: given }) });

const INSTANCE = 'walk-1';
const start = async (world: WalkWorld, flow?: object): Promise<void> => {
  const flow_id = await addFlow(world, flow);
  await world.prepare('POST /api/v1/transactions', anything, { instance_id: INSTANCE, flow_id });
};
const onTransaction =
  (given?: object): Make =>
  async (world) => {
    await start(world);
    return { at: { id: INSTANCE }, ...(given && { body: given }) };
  };
/** A worker has fetched the run of a step. */
const onHeldStep: Make = async (world) => {
  await start(world, flowOf({ tasks: [{ id: 'only', config: { handler: 'shell' } }] }));
  const poll = `POST /api/workers/${WORKER}/poll`;
  const { run, attempt } = await world.prepare(poll, polledSchema, { handlers: ['shell'] });
  return { at: { id: run }, query: `attempt=${attempt}`, body: { piece: 0, text: 'long' } };
};
const newestException = (world: WalkWorld): Promise<string> =>
  world.prepare('GET /api/v1/exceptions?handled=false', exceptionSchema);
const addException = async (world: WalkWorld, over: object = {}): Promise<string> => {
  await start(world, flowOf({ ...FAILING, ...over }));
  return newestException(world);
};
const onException =
  (given?: object): Make =>
  async (world) => ({ at: { id: await addException(world) }, ...(given && { body: given }) });
/** The first task was done by hand, the second failed, and so did the compensation of the first. */
const onFailedCompensation: Make = async (world) => {
  await world.prepare(`POST /api/v1/exceptions/${await addException(world)}/done`, anything, {});
  await world.prepare(`POST /api/v1/exceptions/${await newestException(world)}/compensate`, anything, {});
  return { at: { id: await newestException(world) } };
};
const onProposal: Make = async (world) => {
  const id = await addException(world, { two_person_approval: true });
  const proposed = z.object({ data: z.object({ proposal: z.object({ id: z.int() }) }) });
  const { data } = await world.prepare(`POST /api/v1/exceptions/${id}/skip`, proposed, {});
  return { at: { id }, body: { proposal_id: data.proposal.id } };
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
  storeOutput: onHeldStep,

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

  createFlow: body(WAITING),
  listFlows: nothing,
  getFlow: onFlow(),
  updateFlow: onFlow({ description: 'another' }),
  deleteFlow: onFlow(),
  activateFlow: onFlow(),
  deactivateFlow: onFlow(),
  rehearseFlow: onFlow(),
  startTransaction: async (world) => ({ body: { instance_id: INSTANCE, flow_id: await addFlow(world) } }),
  listTransactions: nothing,
  getTransaction: onTransaction(),
  retryTransaction: async (world) => {
    await addException(world);
    return { at: { id: INSTANCE } };
  },
  cancelTransaction: onTransaction(),
  signalTransaction: onTransaction({ task_id: 'wait' }),
  listTransactionTasks: onTransaction(),
  listTransactionLogs: onTransaction(),
  listExceptions: nothing,
  retryExceptions: async (world) => ({ body: pastOf(world) }),
  getException: onException(),
  handleException: onException(),
  retryException: onException(),
  skipException: onException(),
  completeException: onException(),
  compensateException: onException(),
  forwardException: onFailedCompensation,
  assignException: onException({ assignee: 'lena' }),
  commentException: onException({ text: 'seen' }),
  approveException: onProposal,
  rejectException: onProposal,
  statsOverview: nothing,
  statsOfFlow: onFlow(),
};
