/** API A's tasks beyond their documented operations: every run there is, in A's words. */
import { beforeEach, describe, expect, it } from 'vitest';
import { call } from '../support/http-event.ts';
import { NOW } from '../support/rows.ts';
import { createWorker, type WorldWorker } from '../support/world-worker.ts';
import { type BWorld, createBWorld, type Json } from './b-world.ts';

let a: BWorld;
beforeEach(() => {
  a = createBWorld();
});

type Task = Json & { readonly id: string; readonly status: string; readonly output: string };
type Page = {
  readonly count: number;
  readonly results: readonly Task[];
  readonly next_cursor?: string;
  readonly partial?: true;
};

const HOUR = 3_600_000;
const at = (offsetMs: number): string => new Date(NOW + offsetMs).toISOString().replace('.000Z', 'Z');

const create = (over: Json = {}): Promise<Task> =>
  a.data<Task>('POST /api/v1/task/', { name: 'task', command: 'echo hello', ...over });
const read = (id: string) => a.data<Task>(`GET /api/v1/task/${id}/`);
const list = (query: string) => a.data<Page>(`GET /api/v1/task/?${query}`);
const createJob = (over: Json = {}) =>
  a.data<{ id: string }>('POST /api/v1/cronjob/', {
    name: 'job',
    time: '0 0 2 * * * *',
    command: 'bin/report',
    ...over,
  });
const settle = (id: string, status: string) => a.send(`PUT /api/v1/task/${id}/update-status/`, { status });

const startWorker = async (slots = 5): Promise<WorldWorker> => {
  const worker = createWorker(a.world, 'worker-1', { handlers: ['shell'], slots });
  await worker.hello();
  return worker;
};

describe('what a task executes', () => {
  it('is the built-in shell, to be begun within the hour', async () => {
    const { id } = await create({ args: '["a b"]', timeout: 30, max_retry: 2, metadata: { priority: 1 } });
    const run = await a.world.run(id);
    expect(run).toMatchObject({
      handler: 'shell',
      pool: 'default',
      priority: 1,
      maxTries: 3,
      timeoutMs: 30_000,
      executeAt: NOW,
      startBy: NOW + HOUR,
    });
    expect(JSON.parse(run.payload ?? '')).toEqual({ command: 'echo hello', arguments: ['a b'] });
  });

  it('is refused in the pool that a function serves, a group aside', async () => {
    const sent = { name: 'f', command: 'a', pool: 'lambda' };
    const { status, body } = await a.send('POST /api/v1/task/', sent);
    expect([status, body.message]).toEqual([400, expect.stringContaining('pool lambda')]);
    expect(await create({ pool: 'lambda', is_group: true })).toMatchObject({ is_group: true, timeout: 0 });
  });

  it('waits for its time, and for a worker that it asks for', async () => {
    const { id } = await create({
      time_plan: at(HOUR),
      category: 'video',
      tags: ['gpu'],
      metadata: { worker_select: ['w'], worker_labels: { zone: 'a' } },
    });
    expect(await a.world.run(id)).toMatchObject({
      status: 'scheduled',
      executeAt: NOW + HOUR,
      startBy: NOW + 2 * HOUR,
      needs: { tags: ['gpu'], workers: ['w'], labels: { zone: 'a' }, category: 'video' },
    });
  });

  it('is nothing where it is a group', async () => {
    const { id } = await create({ is_group: true, command: undefined, task_order: 2, previous: 'a', next: 'b' });
    expect(await a.world.run(id)).toMatchObject({ handler: 'group', pool: 'lambda' });
    expect(await read(id)).toMatchObject({ is_group: true, command: '', task_order: 2, previous: 'a', next: 'b' });
  });

  it('is shown of tasks that the other APIs made', async () => {
    const answer = await a.send('POST /api/v1/tasks', {
      execute_at: at(HOUR),
      task_type: 'send_email',
      payload: { to: 1 },
    });
    const { task } = answer.json() as { task: { id: number } };
    expect(await read(String(task.id))).toMatchObject({
      id: String(task.id),
      name: 'send_email',
      executor: 'send_email',
      project: 'default',
      command: '',
      cronjob: null,
      timeout_at: null,
      timeout: 300,
      max_retry: 2,
      is_standalone: true,
    });
  });
});

describe('the status of a task', () => {
  it('follows its run from one attempt to the next', async () => {
    const { id, status } = await create({ max_retry: 1 });
    expect(status).toBe('pending');
    const worker = await startWorker();
    expect((await read(id)).status).toBe('pending');
    await worker.started(worker.orderOf(id));
    expect(await read(id)).toMatchObject({ status: 'running', worker_name: 'worker-1', worker_id: 'worker-1' });
    await worker.finish(worker.holding(), { outcome: 'failed', reason: 'handler_failed', exitCode: 3, error: 'no' });
    expect(await read(id)).toMatchObject({ status: 'retrying', retry_count: 1, time_end: null });
    for (let beat = 0; beat < 20 && worker.held.size === 0; beat += 1) {
      await a.world.live(15_000);
      await worker.heartbeat();
    }
    await worker.finish(worker.holding(), { outcome: 'failed', reason: 'handler_failed', exitCode: 3, error: 'no' });
    expect(await read(id)).toMatchObject({
      status: 'failed',
      retry_count: 1,
      exit_code: 3,
      output: 'no',
      time_end: expect.any(String),
    });
  });

  it.each([
    ['handler_failed', 'failed'],
    ['no_handler', 'error'],
    ['refused', 'error'],
    ['bad_payload', 'error'],
    ['payload_unavailable', 'error'],
  ] as const)(
    'of a run that failed by %s is %s, with a reason where the worker gave no text',
    async (reason, status) => {
      const worker = await startWorker();
      const { id } = await create();
      await worker.finish([worker.orderOf(id)], { outcome: 'failed', reason });
      const task = await read(id);
      expect(task.status).toBe(status);
      expect(task.output).not.toBe('');
      const other = status === 'failed' ? 'error' : 'failed';
      expect([(await list(`status=${status}`)).count, (await list(`status=${other}`)).count]).toEqual([1, 0]);
    },
  );

  it('is timeout where it was not begun in time', async () => {
    const { id } = await create({ timeout_at: at(60_000) });
    await a.world.live(61_000);
    expect(await read(id)).toMatchObject({ status: 'timeout', time_start: null, time_end: at(60_000) });
  });

  it('is canceled where an occurrence was skipped, with the reason in the output', async () => {
    const { id } = await createJob({ time: '0 0 * * * * *', is_active: true, concurrency_policy: 'forbid' });
    await a.world.live(HOUR + 1_000);
    const { results } = await list(`cronjob=${id}`);
    expect(results).toMatchObject([
      { status: 'canceled', output: expect.stringContaining('overlap'), time_plan: at(HOUR) },
      { status: 'pending', output: '', time_plan: at(0) },
    ]);
  });
});

describe('the output of a task', () => {
  const finishWith = async (output: string): Promise<string> => {
    const worker = await startWorker();
    const { id } = await create({ save_log: true });
    await worker.finish([worker.orderOf(id)], { output, exitCode: 0 });
    return id;
  };

  it('is the word of a success where it is not to be kept', async () => {
    const worker = await startWorker();
    const { id } = await create({ save_log: false });
    await worker.finish([worker.orderOf(id)], { output: 'secret', log: 'secret', exitCode: 0 });
    expect(await read(id)).toMatchObject({ status: 'success', output: '执行成功', exit_code: 0 });
    expect((await a.world.engine.getRun(id))?.output).toBeUndefined();
  });

  it('is shown whole below 1,024 characters, and by its two ends from there on', async () => {
    const text = (length: number) => 'a'.repeat(length - 1).concat('z');
    expect((await read(await finishWith(text(1_023)))).output).toBe(text(1_023));
    a = createBWorld();
    const cut = `${'a'.repeat(100)}\n\n....\n\n\n${'a'.repeat(99)}z`;
    expect((await read(await finishWith(text(1_024)))).output).toBe(cut);
  });

  it('may be noted by hand at any time, and is cut as well', async () => {
    const id = await finishWith('by the worker');
    await a.data(`PUT /api/v1/task/${id}/update-output/`, { output: 'by hand' });
    expect(await read(id)).toMatchObject({ status: 'success', output: 'by hand' });
    await a.data(`PUT /api/v1/task/${id}/update-output/`, { output: 'x'.repeat(5_000) });
    expect((await read(id)).output).toHaveLength(209);
    expect((await a.send('PUT /api/v1/task/9007199254740991/update-output/', { output: 'x' })).status).toBe(404);
  });
});

describe("a person's verdict", () => {
  it.each(['success', 'failed', 'error', 'timeout', 'canceled'])(
    'ends a task in progress as %s, and its worker is told to stop',
    async (status) => {
      const worker = await startWorker();
      const { id } = await create({ max_retry: 5 });
      await worker.started(worker.orderOf(id));
      expect((await settle(id, status)).status).toBe(200);
      expect(await read(id)).toMatchObject({ status, time_end: expect.any(String) });
      expect(worker.received).toContainEqual(expect.objectContaining({ type: 'cancel', run: id }));
      expect((await settle(id, 'running')).status).toBe(409);
      expect((await settle(id, status)).status).toBe(409);
      expect(a.recorded).toMatchObject([
        { action: 'run.cancel', entity: `run:${id}`, detail: `settled as ${status}`, actor: 'key:10' },
      ]);
    },
  );

  it.each(['success', 'failed', 'error', 'running', 'retrying'])(
    'on a task that waits cannot be %s',
    async (status) => {
      const { id } = await create({ time_plan: at(HOUR) });
      const answer = await settle(id, status);
      expect([answer.status, (await read(id)).status]).toEqual([409, 'pending']);
    },
  );

  it('that says what is so already changes nothing', async () => {
    const worker = await startWorker();
    const { id } = await create();
    expect((await settle(id, 'pending')).status).toBe(200);
    await worker.started(worker.orderOf(id));
    const before = await a.world.run(id);
    expect((await settle(id, 'running')).status).toBe(200);
    expect(await a.world.run(id)).toEqual(before);
    expect(a.recorded).toEqual([]);
  });
});

describe('a cancel', () => {
  it('ends a task, is recorded, and is refused of what has ended or is unknown', async () => {
    const { id } = await create();
    expect(await a.data(`POST /api/v1/task/${id}/cancel/`)).toMatchObject({ id, status: 'canceled' });
    expect(a.recorded).toEqual([
      {
        at: NOW,
        actor: 'key:10',
        action: 'run.cancel',
        entity: `run:${id}`,
        address: '127.0.0.1',
        requestId: 'request-1',
      },
    ]);
    expect((await a.send(`POST /api/v1/task/${id}/cancel/`)).status).toBe(409);
    expect((await a.send('POST /api/v1/task/9007199254740991/cancel/')).status).toBe(404);
    expect(a.recorded).toHaveLength(1);
  });

  it('comes before a deletion of what is in progress, and every API forgets the task', async () => {
    const worker = await startWorker();
    const { id } = await create();
    await worker.started(worker.orderOf(id));
    await a.data(`DELETE /api/v1/task/${id}/`);
    expect(await a.world.run(id)).toMatchObject({ status: 'cancelled', hidden: true });
    expect(a.recorded).toMatchObject([{ action: 'run.cancel', entity: `run:${id}` }]);
    expect((await list('')).count).toBe(0);
    expect((await a.send(`GET /api/v1/tasks/${id}`)).status).toBe(404);
    for (const request of [`POST /api/v1/task/${id}/retry/`, `POST /api/v1/task/${id}/cancel/`]) {
      expect((await a.send(request)).status).toBe(404);
    }
  });

  it('leaves no entry where what is deleted has ended', async () => {
    const { id } = await create();
    await a.world.engine.cancelRun(id);
    await a.data(`DELETE /api/v1/task/${id}/`);
    expect(a.recorded).toEqual([]);
  });
});

describe('a retry', () => {
  it('of one that is named twice is one retry', async () => {
    const { id } = await create();
    await a.world.engine.cancelRun(id);
    expect(await a.data('POST /api/v1/task/bulk/', { action: 'retry', ids: [id, id] })).toMatchObject({ changed: 1 });
    expect(await a.data('GET /api/v1/task/')).toMatchObject({ count: 2 });
  });

  it('does the same work again, from now on', async () => {
    const { id } = await create({
      args: 'x',
      project: 'p',
      metadata: { priority: 2, environment: { A: 'x'.repeat(999) } },
    });
    expect((await a.send(`POST /api/v1/task/${id}/retry/`)).status).toBe(409);
    await a.world.engine.cancelRun(id);
    a.world.pass(5 * HOUR);
    const { status, body } = await a.send(`POST /api/v1/task/${id}/retry/`);
    expect(status).toBe(201);
    const again = body.data as Task;
    expect(again.id).not.toBe(id);
    const {
      id: _1,
      time_plan: _2,
      timeout_at: _3,
      time_end: _4,
      status: _5,
      created_at: _6,
      updated_at: _7,
      ...same
    } = await read(id);
    expect(again).toMatchObject({
      ...same,
      status: 'pending',
      time_plan: at(5 * HOUR),
      timeout_at: at(6 * HOUR),
    });
    expect((await a.world.engine.getRun(again.id))?.payload).toBe((await a.world.engine.getRun(id))?.payload);
  });

  it("of a job's task is a task of that job, with what it executed then", async () => {
    const { id } = await createJob();
    const first = await a.data<Task>(`POST /api/v1/cronjob/${id}/execute/`);
    await a.world.engine.cancelRun(first.id);
    await a.data(`PATCH /api/v1/cronjob/${id}/`, { command: 'other' });
    const again = await a.data<Task>(`POST /api/v1/task/${first.id}/retry/`);
    expect(again).toMatchObject({ cronjob: id, command: 'bin/report', status: 'pending' });
    expect(await a.world.run(again.id)).toMatchObject({ job: id, trigger: 'retry' });
    expect((await list(`cronjob=${id}`)).results.map((task) => task.id).sort()).toEqual([first.id, again.id].sort());
  });

  it("of a job's task is refused while another goes on and the policy is forbid, and when the job is off", async () => {
    const { id } = await createJob({ concurrency_policy: 'forbid' });
    const first = await a.data<Task>(`POST /api/v1/cronjob/${id}/execute/`);
    await a.world.engine.cancelRun(first.id);
    const second = await a.data<Task>(`POST /api/v1/task/${first.id}/retry/`);
    const { status, body } = await a.send(`POST /api/v1/task/${first.id}/retry/`);
    expect([status, body.message]).toEqual([409, expect.stringContaining(second.id)]);
    expect(await a.data('POST /api/v1/task/bulk/', { action: 'retry', ids: [first.id] })).toMatchObject({
      ...{ changed: 0, failed: [{ id: first.id, reason: expect.stringContaining('forbid') }] },
    });
    await a.world.engine.jobs.change(id, { state: 'disabled' }, '1');
    expect((await a.send(`POST /api/v1/task/${first.id}/retry/`)).status).toBe(400);
  });

  it("of a job's task repeated under its key is the same task", async () => {
    const { id } = await createJob();
    const first = await a.data<Task>(`POST /api/v1/cronjob/${id}/execute/`);
    await a.world.engine.cancelRun(first.id);
    const retry = () =>
      call(a.handler, `POST /api/v1/task/${first.id}/retry/`, {
        headers: { authorization: 'Bearer admin-key', 'idempotency-key': 'key-1' },
      });
    expect((await retry()).json()).toEqual((await retry()).json());
    expect((await list(`cronjob=${id}`)).count).toBe(2);
  });

  it('repeated under its key is the same task', async () => {
    const { id } = await create();
    await a.world.engine.cancelRun(id);
    const retry = () =>
      call(a.handler, `POST /api/v1/task/${id}/retry/`, {
        headers: { authorization: 'Bearer admin-key', 'idempotency-key': 'key-1' },
      });
    expect((await retry()).json()).toEqual((await retry()).json());
    expect((await list('')).count).toBe(2);
  });
});

describe('an Idempotency-Key', () => {
  const send = (body: object, key = 'key-1') =>
    call(a.handler, 'POST /api/v1/task/', {
      headers: { authorization: 'Bearer admin-key', 'idempotency-key': key },
      body,
    });
  const form = { name: 'once', command: 'a' };

  it('makes one task of the same request, also after its time has passed, and refuses another', async () => {
    const timed = { ...form, timeout_at: at(HOUR) };
    const first = await send(timed);
    a.world.pass(2 * HOUR);
    const again = await send(timed);
    expect([first.status, again.status]).toEqual([201, 201]);
    expect((again.json() as { data: Task }).data.id).toBe((first.json() as { data: Task }).data.id);
    expect((await send({ ...timed, name: 'other' })).status).toBe(409);
    expect((await send(timed, 'key-2')).status).toBe(400);
  });

  it('counts for a task that runs now', async () => {
    const answers = await Promise.all(Array.from({ length: 10 }, () => send(form)));
    expect(new Set(answers.map(({ text }) => (JSON.parse(text) as { data: Task }).data.id)).size).toBe(1);
  });
});

describe('a change', () => {
  it('touches what describes the task, and takes what it executes as it is', async () => {
    const task = await create({ metadata: { extensions: { a: 1 }, priority: 2 } });
    const changed = await a.data<Task>(`PUT /api/v1/task/${task.id}/`, {
      ...task,
      name: 'renamed',
      project: 'p',
      description: 'd',
      save_log: true,
      task_order: 4,
      previous: 'x',
      is_standalone: true,
      metadata: { ...(task.metadata as object), extensions: { b: 2 } },
    });
    expect(changed).toMatchObject({
      name: 'renamed',
      project: 'p',
      description: 'd',
      save_log: true,
      task_order: 4,
      previous: 'x',
      is_standalone: true,
      metadata: { extensions: { b: 2 }, priority: 2 },
      command: task.command,
      time_plan: task.time_plan,
    });
    const { status, body } = await a.send(`PATCH /api/v1/task/${task.id}/`, { metadata: { priority: 3 } });
    expect([status, body.message]).toEqual([400, expect.stringContaining('metadata.priority')]);
  });

  it("of a job's task is of that task alone", async () => {
    const { id } = await createJob();
    const first = await a.data<Task>(`POST /api/v1/cronjob/${id}/execute/`);
    const second = await a.data<Task>(`POST /api/v1/cronjob/${id}/execute/`);
    await a.data(`PATCH /api/v1/task/${first.id}/`, { name: 'renamed' });
    expect(await read(first.id)).toMatchObject({ name: 'renamed', cronjob: id, command: 'bin/report' });
    expect(await read(second.id)).toMatchObject({ name: 'job-20300101-000000' });
  });
});

describe('a list', () => {
  let job = '';
  let ofJob = '';
  let worker: WorldWorker;

  beforeEach(async () => {
    worker = await startWorker(1);
    await create({ name: 'alpha', project: 'p', description: 'Nightly REPORT', is_standalone: true });
    a.world.pass(1_000);
    await create({ name: 'beta', category: 'video', task_order: 3, timeout: 60, time_plan: at(2 * HOUR) });
    a.world.pass(1_000);
    await create({ name: 'gamma', is_group: true, command: undefined });
    a.world.pass(1_000);
    job = (await createJob({ project: 'p', name: 'nightly' })).id;
    ofJob = (await a.data<Task>(`POST /api/v1/cronjob/${job}/execute/`)).id;
  });

  const OF_JOB = 'nightly-20300101-000003';
  const namesOf = async (query: string) => (await list(query)).results.map(({ name }) => name);

  it.each([
    ['', [OF_JOB, 'gamma', 'beta', 'alpha']],
    ['project=p', [OF_JOB, 'alpha']],
    ['project=q', []],
    ['category=video', ['beta']],
    ['category=default', [OF_JOB, 'gamma', 'alpha']],
    ['name=beta', ['beta']],
    [`name=${OF_JOB}`, [OF_JOB]],
    ['name=nightly', []],
    ['name__contains=night', [OF_JOB]],
    ['name__contains=nightly-2030', [OF_JOB]],
    ['name__contains=a', ['gamma', 'beta', 'alpha']],
    ['status=pending', [OF_JOB, 'gamma', 'beta', 'alpha']],
    ['status=running', []],
    ['status=nonsense', []],
    ['worker_id=worker-1', ['alpha']],
    ['is_group=true', ['gamma']],
    ['task_order=3', ['beta']],
    ['timeout=60', ['beta']],
    ['is_standalone=true', ['alpha']],
    ['search=report', [OF_JOB, 'alpha']],
    ['search=hello', ['beta', 'alpha']],
    [`start_time=${at(2_000)}`, [OF_JOB, 'gamma']],
    [`end_time=${at(1_000)}`, ['beta', 'alpha']],
    [`start_time=${at(1_000)}&end_time=${at(2_000)}`, ['gamma', 'beta']],
    ['ordering=name', ['alpha', 'beta', 'gamma', OF_JOB]],
    ['ordering=created_at', ['alpha', 'beta', 'gamma', OF_JOB]],
    ['ordering=-time_plan', ['beta', OF_JOB, 'gamma', 'alpha']],
    ['ordering=-task_order,name', ['beta', 'alpha', 'gamma', OF_JOB]],
    ['page=2&page_size=3', ['alpha']],
    ['page=9', []],
  ])('goes by %j', async (query, names) => {
    expect(await namesOf(query)).toEqual(names);
  });

  it('goes by the id that a worker is registered under, too', async () => {
    const id = 'fb0f9d0c-6a0b-4a52-9ed5-7c1d6c1c1b52';
    await a.data('POST /api/v1/worker/', { id, name: 'worker-9' });
    const nine = createWorker(a.world, 'worker-9', { handlers: ['shell'], slots: 9 });
    await nine.hello({ worker: id });
    const [order] = nine.orders;
    expect(order).toBeDefined();
    const { results } = await list(`worker_id=${id}`);
    expect(results.map((task) => task.id)).toEqual(nine.holding().map(({ run }) => run));
  });

  it('goes by id', async () => {
    expect((await list(`id=${ofJob}`)).results).toMatchObject([{ id: ofJob }]);
    expect(await list('id=nonsense')).toMatchObject({ count: 0, results: [] });
  });

  it('goes by the job: its own tasks, and those that were said to be of it', async () => {
    a.world.pass(1_000);
    const said = await create({ name: 'said', cronjob: job });
    const page = await list(`cronjob=${job}`);
    expect(page.results.map(({ id }) => id)).toEqual([said.id, ofJob]);
    expect(page.count).toBe(2);
    const first = await list(`cronjob=${job}&page_size=1`);
    const second = await list(`cronjob=${job}&page_size=1&cursor=${first.next_cursor}`);
    expect([first, second].flatMap(({ results }) => results.map(({ id }) => id))).toEqual([said.id, ofJob]);
    expect((await list(`cronjob=${job}&page=2&page_size=1`)).results).toMatchObject([{ id: ofJob }]);
    expect(await namesOf(`cronjob=${job}&status=success`)).toEqual([]);
  });

  it('by the cursor shows each once', async () => {
    const seen: unknown[] = [];
    let cursor: string | undefined = '';
    for (let page = 0; page < 10 && cursor !== undefined; page += 1) {
      const { results, next_cursor }: Page = await list(`page_size=1&cursor=${cursor}`);
      seen.push(...results.map(({ name }) => name));
      cursor = next_cursor;
    }
    expect(seen).toEqual([OF_JOB, 'gamma', 'beta', 'alpha']);
  });

  it('goes by every status', async () => {
    await worker.finish(worker.holding(), { exitCode: 0 });
    expect(await namesOf('status=success')).toEqual(['alpha']);
    await a.data('POST /api/v1/task/bulk/', { action: 'cancel', project: 'default' });
    expect(await namesOf('status=canceled')).toEqual(['gamma', 'beta']);
    expect(await namesOf('status=pending')).toEqual([OF_JOB]);
  });
});

describe('a command on many', () => {
  it('cancels what is meant, 200 a call, and records each call with all that it cancelled', async () => {
    for (let index = 0; index < 203; index += 1) {
      a.world.pass(1);
      await create({ project: 'p', time_plan: at(HOUR) });
    }
    const other = await create({ project: 'q', time_plan: at(HOUR) });
    const first = await a.data<Json>('POST /api/v1/task/bulk/', { action: 'cancel', project: 'p' });
    expect(first).toMatchObject({ changed: 200, failed: [], next_cursor: expect.any(String) });
    const cursor = first.next_cursor;
    expect(await a.data('POST /api/v1/task/bulk/', { action: 'cancel', project: 'p', cursor })).toMatchObject({
      changed: 3,
      failed: [],
    });
    expect((await read(other.id)).status).toBe('pending');
    expect(a.recorded).toMatchObject([
      { action: 'run.cancel', entity: 'runs:200' },
      { action: 'run.cancel', entity: 'runs:3' },
    ]);
    expect(a.recorded.flatMap(({ detail }) => String(detail).split(' '))).toHaveLength(203);
  });

  it('retries those that ended badly, and no others', async () => {
    const worker = await startWorker();
    const [bad, good] = [await create({ name: 'bad' }), await create({ name: 'good' })];
    await worker.finish([worker.orderOf(bad.id)], { outcome: 'failed', reason: 'handler_failed' });
    await worker.finish([worker.orderOf(good.id)], { exitCode: 0 });
    a.world.pass(1_000);
    expect(await a.data('POST /api/v1/task/bulk/', { action: 'retry', project: 'default' })).toEqual({
      changed: 1,
      failed: [],
    });
    expect((await list('')).results.map(({ name }) => name).sort()).toEqual(['bad', 'bad', 'good']);
  });

  it('names those that could not be changed', async () => {
    const { id } = await create({ time_plan: at(HOUR) });
    const ended = await create({ time_plan: at(HOUR) });
    await a.world.engine.cancelRun(ended.id);
    const ids = [id, ended.id, '9007199254740991'];
    expect(await a.data('POST /api/v1/task/bulk/', { action: 'cancel', ids })).toEqual({
      changed: 1,
      failed: [
        { id: ended.id, reason: '任务已结束' },
        { id: '9007199254740991', reason: '记录不存在' },
      ],
    });
  });

  it('goes by the job', async () => {
    const { id } = await createJob();
    await a.data(`POST /api/v1/cronjob/${id}/execute/`);
    const other = await create({ time_plan: at(HOUR) });
    expect(await a.data('POST /api/v1/task/bulk/', { action: 'cancel', cronjob: id })).toMatchObject({ changed: 1 });
    expect((await read(other.id)).status).toBe('pending');
  });

  it('finds each task of a cron job once, though the two lists of them end at different places', async () => {
    const { id: job } = await createJob({ concurrency_policy: 'allow' });
    const own = await a.data<Task>(`POST /api/v1/cronjob/${job}/execute/`);
    a.world.pass(1_000);
    const said = await create({ cronjob: job });
    for (let other = 0; other < 2_100; other += 1) {
      a.world.pass(1);
      await a.world.submit({ executeAt: NOW + HOUR });
    }
    const found: string[] = [];
    let page = await list(`cronjob=${job}`);
    for (let pages = 0; pages < 5; pages += 1) {
      found.push(...page.results.map((task) => task.id));
      if (page.next_cursor === undefined) {
        break;
      }
      page = await list(`cronjob=${job}&cursor=${page.next_cursor}`);
    }
    expect(found).toEqual([said.id, own.id]);
    expect(page.next_cursor).toBeUndefined();
  });

  it('refuses a cursor that is none', async () => {
    const { id } = await create({ time_plan: at(HOUR) });
    const job = await createJob();
    for (const filter of [{ project: 'default' }, { status: 'pending' }, { cronjob: job.id }]) {
      const body = { action: 'cancel', ...filter, cursor: 'x' };
      expect((await a.send('POST /api/v1/task/bulk/', body)).status, JSON.stringify(filter)).toBe(400);
    }
    expect(await read(id)).toMatchObject({ status: 'pending' });
  });
});
