/**
 * Jobs, the fleet and the pool without workers on the whole application, with real workers. Nothing here is late or early by
 * the clock of the test: what is asserted is which occurrences ran, how often, and that none did before its instant. A worker
 * that dies with a run of a job is in `faults`.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Task as CronjobTask } from '../../lib/contracts/http/a/task.ts';
import type { TaskRun } from '../../lib/contracts/http/b/run.ts';
import type { ScheduledTask } from '../../lib/contracts/http/b/task.ts';
import { Worker, type WorkerOptions } from '../../lib/worker/index.ts';
import { startTestStack, type TestStack } from '../support/local-stack.ts';
import { until } from '../support/until.ts';

const WITHIN_MS = 60_000;
const DAY_MS = 86_400_000;

/** Every other second: the field for seconds comes first. */
const EVERY_2_S = '*/2 * * * * *';

let running: TestStack | undefined;
const closing: (() => Promise<unknown>)[] = [];

const app = (): TestStack => {
  if (!running) {
    throw new Error('The stack did not start');
  }
  return running;
};

beforeAll(async () => {
  running = await startTestStack({ engine: 'aws', worker: true });
}, 60_000);

afterAll(async () => {
  await Promise.all(closing.map((close) => close()));
  await running?.stop();
}, 60_000);

type Answer = { readonly status: number; readonly json: { readonly data?: unknown; readonly message?: string } };

const send = async (request: string, body?: object): Promise<Answer> => {
  const [method = '', path = ''] = request.split(' ');
  const response = await fetch(`${app().stack.url}${path}`, {
    method,
    headers: { authorization: `Bearer ${app().stack.adminKey}`, 'content-type': 'application/json' },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  return { status: response.status, json: text === '' ? {} : JSON.parse(text) };
};

const call = async <T>(request: string, body?: object): Promise<T> => {
  const { status, json } = await send(request, body);
  if (status >= 300) {
    throw new Error(`${request}: ${status} ${JSON.stringify(json)}`);
  }
  return json.data as T;
};

/** A name, and a file of that name in the stack's own directory. */
const file = (name: string): string => join(app().directory, name);
const linesOf = (name: string): readonly string[] =>
  existsSync(file(name)) ? readFileSync(file(name), 'utf8').split('\n').slice(0, -1) : [];

/** API B's, whose runs show when they began. */
const createJob = (name: string, fields: object): Promise<ScheduledTask> =>
  call('POST /api/tasks', { name, executor: 'shell', retry_count: 0, concurrency_policy: 'allow', ...fields });
const runsOf = async ({ id }: ScheduledTask): Promise<readonly TaskRun[]> => {
  const { items } = await call<{ items: TaskRun[] }>(`GET /api/tasks/${id}/runs?page_size=100`);
  return items.toReversed();
};
const trigger = ({ id }: ScheduledTask): Promise<TaskRun> => call(`POST /api/tasks/${id}/trigger`);
const ended = (id: string, withinMs = WITHIN_MS): Promise<TaskRun> =>
  until(
    `end of run ${id}`,
    async () => {
      const run = await call<TaskRun>(`GET /api/runs/${id}`);
      return ['pending', 'dispatched', 'running'].includes(run.status) ? undefined : run;
    },
    withinMs,
  );
/** Waits for so many runs of that status. */
const runsThat = (job: ScheduledTask, status: TaskRun['status'], count: number): Promise<readonly TaskRun[]> =>
  until(
    `${count} ${status} runs of ${job.name}`,
    async () => {
      const runs = (await runsOf(job)).filter((run) => run.status === status);
      return runs.length >= count ? runs : undefined;
    },
    WITHIN_MS,
  );

const createTask = (name: string, fields: object): Promise<CronjobTask> =>
  call('POST /api/v1/task/', { name, ...fields });
const taskThat = (id: string, isSo: (task: CronjobTask) => boolean, withinMs = WITHIN_MS): Promise<CronjobTask> =>
  until(
    `what task ${id} comes to`,
    async () => {
      const task = await call<CronjobTask>(`GET /api/v1/task/${id}/`);
      return isSo(task) ? task : undefined;
    },
    withinMs,
  );

/** A worker of this process. */
const startWorker = async (options: Pick<WorkerOptions, 'name' | 'pool' | 'tags' | 'allow'>): Promise<void> => {
  const { stack, directory } = app();
  const worker = new Worker({
    ...{ url: stack.wsUrl, token: stack.workerKey, spoolDirectory: join(directory, `${options.name}.spool`) },
    logger: { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined },
    ...options,
  });
  closing.push(() => worker.stop());
  await worker.start();
};

const instantOf = (run: string): number => Number(run.split('.')[1]);
const at = (text: string | null): number => Date.parse(text ?? '');

describe.concurrent('a job', () => {
  it('fires every two seconds, each occurrence once and none before its instant; pause stops it, resume goes on', {
    timeout: WITHIN_MS,
  }, async () => {
    const job = await createJob('ticks', {
      schedule: EVERY_2_S,
      command: `echo "$CRONSAGA_RUN $CRONSAGA_SCHEDULED_AT $(date +%s%3N)" >> ${file('ticks')}`,
    });
    await runsThat(job, 'completed', 3);
    const instants = (await runsOf(job)).map(({ id }) => instantOf(id));
    expect(instants).toEqual(instants.map((_, index) => (instants[0] ?? 0) + index * 2_000));

    const paused = await call<ScheduledTask>(`PUT /api/tasks/${job.id}`, { status: 'paused' });
    expect(paused).toMatchObject({ status: 'paused', next_run_at: null });
    const pausedAt = Date.now();
    await until('occurrences that the pause left out', () => (Date.now() > pausedAt + 5_000 ? true : undefined));
    const resumed = await call<ScheduledTask>(`PUT /api/tasks/${job.id}`, { status: 'active' });
    const resumedAt = at(resumed.updated_at);
    expect(resumed.next_run_at).not.toBeNull();
    const again = await until('a run after the pause', async () => {
      const runs = (await runsOf(job)).filter(({ status }) => status === 'completed');
      return runs.some(({ id }) => instantOf(id) > resumedAt) ? runs : undefined;
    });
    await call(`DELETE /api/tasks/${job.id}`);

    expect(again.filter(({ id }) => instantOf(id) > pausedAt && instantOf(id) < resumedAt)).toEqual([]);
    for (const run of again) {
      expect(run).toMatchObject({ attempt: 1, trigger: 'schedule', task_id: job.id });
      expect(at(run.scheduled_at)).toBe(instantOf(run.id));
      expect(instantOf(run.id) % 2_000).toBe(0);
      expect(at(run.started_at)).toBeGreaterThanOrEqual(instantOf(run.id));
    }
    // What was done says the same as what was reported: each once, told of its occurrence, and never early.
    const done = linesOf('ticks').map((line) => line.split(' '));
    expect(new Set(done.map(([id]) => id)).size).toBe(done.length);
    expect(done.map(([id]) => id)).toEqual(expect.arrayContaining(again.map(({ id }) => id)));
    for (const [id = '', scheduledAt = '', startedAt] of done) {
      expect(at(scheduledAt)).toBe(instantOf(id));
      expect(Number(startedAt)).toBeGreaterThanOrEqual(instantOf(id));
    }
  });

  it('accounts for each occurrence in its ledger: ran, or paused', { timeout: WITHIN_MS }, async () => {
    const job = await createJob('accounts', { schedule: EVERY_2_S, command: 'true' });
    await runsThat(job, 'completed', 1);
    const paused = await call<ScheduledTask>(`PUT /api/tasks/${job.id}`, { status: 'paused' });
    await until('occurrences that the pause left out', () =>
      Date.now() > at(paused.updated_at) + 5_000 ? true : undefined,
    );
    const resumed = await call<ScheduledTask>(`PUT /api/tasks/${job.id}`, { status: 'active' });
    await until('a run after the pause', async () =>
      (await runsOf(job)).some(({ id, status }) => status === 'completed' && instantOf(id) > at(resumed.updated_at))
        ? true
        : undefined,
    );
    const to = new Date().toISOString();
    const { items } = await call<{ items: { scheduled_at: string; outcome: string; reason: string | null }[] }>(
      `GET /api/tasks/${job.id}/ledger?to=${to}`,
    );
    await call(`DELETE /api/tasks/${job.id}`);
    const instants = items.map(({ scheduled_at }) => at(scheduled_at));
    expect(instants).toEqual(items.map((_, index) => (instants[0] ?? 0) + index * 2_000));
    expect(items.filter(({ outcome }) => outcome === 'missed')).toEqual([]);
    expect(items.filter(({ reason }) => reason === 'paused').length).toBeGreaterThanOrEqual(1);
    expect(items[0]).toMatchObject({ outcome: 'ran' });
  });

  it('that forbids two at a time leaves a row for each that it skips, and goes on', {
    timeout: WITHIN_MS,
  }, async () => {
    const job = await createJob('slow', {
      schedule: EVERY_2_S,
      concurrency_policy: 'forbid',
      command: `while [ ! -e ${file('slow.go')} ]; do sleep 0.1; done`,
    });
    const skipped = await runsThat(job, 'skipped', 2);
    expect(skipped[0]).toMatchObject({ skip_reason: 'overlap', worker_id: null, attempt: 0, started_at: null });
    const runs = await runsOf(job);
    expect(runs.filter(({ status }) => status !== 'skipped')).toHaveLength(1);
    const refused = await send(`POST /api/tasks/${job.id}/trigger`);
    expect(refused.status).toBe(409);
    writeFileSync(file('slow.go'), '');
    await runsThat(job, 'completed', 2);
    await call(`DELETE /api/tasks/${job.id}`);
  });

  it('is started by hand, changed, and started again: each run has what the job said then', {
    timeout: WITHIN_MS,
  }, async () => {
    const job = await createJob('by-hand', { command: 'echo one' });
    expect(job).toMatchObject({ schedule: null, next_run_at: null });
    const first = await trigger(job);
    expect(first).toMatchObject({ trigger: 'manual', task_id: job.id });
    expect(await ended(first.id)).toMatchObject({ status: 'completed', result: 'one\n', exit_code: 0 });
    await call(`PUT /api/tasks/${job.id}`, { command: 'echo two; echo aside >&2; exit 3' });
    const second = await trigger(job);
    expect(await ended(second.id)).toMatchObject({ status: 'failed', exit_code: 3, result: 'two\n' });
    const tasks = await Promise.all([first, second].map(({ id }) => call<CronjobTask>(`GET /api/v1/task/${id}/`)));
    expect(tasks.map(({ command }) => command)).toEqual(['echo one', 'echo two; echo aside >&2; exit 3']);
    expect(tasks.map(({ cronjob }) => cronjob)).toEqual([String(job.id), String(job.id)]);
  });

  it('that is deleted fires no more, and cannot be found', { timeout: WITHIN_MS }, async () => {
    const [doomed, marker] = await Promise.all(
      ['doomed', 'marker'].map((name) =>
        createJob(name, { schedule: EVERY_2_S, command: `echo "$CRONSAGA_RUN" >> ${file(name)}` }),
      ),
    );
    if (!(doomed && marker)) {
      throw new Error('The jobs were not created');
    }
    await runsThat(doomed, 'completed', 1);
    expect((await send(`DELETE /api/tasks/${doomed.id}`)).status).toBe(204);
    const deletedAt = Date.now();
    expect((await send(`GET /api/tasks/${doomed.id}`)).status).toBe(404);
    await until('an occurrence of the other job two after the deletion', async () =>
      (await runsOf(marker)).some(({ id, status }) => status === 'completed' && instantOf(id) > deletedAt + 4_000)
        ? true
        : undefined,
    );
    await call(`DELETE /api/tasks/${marker.id}`);
    // What was held by the worker already may begin in the moment in which it is told.
    expect(linesOf('doomed').filter((id) => instantOf(id) > deletedAt + 2_000)).toEqual([]);
  });

  it('is filled in for the past: counted first, then run once each', { timeout: WITHIN_MS }, async () => {
    const today = Math.floor(Date.now() / DAY_MS) * DAY_MS;
    const day = (days: number): string => new Date(today + days * DAY_MS).toISOString();
    const job = await call<{ id: string }>('POST /api/v1/cronjob/', {
      ...{ name: 'nightly', time: '0 0 2 * * *', start_at: day(-30), is_active: true },
      command: `echo "$CRONSAGA_SCHEDULED_AT" >> ${file('nightly')}`,
    });
    const range = { from: day(-4), to: day(0) };
    const planned = await call(`POST /api/v1/cronjob/${job.id}/backfill`, { ...range, dry_run: true });
    const nights = [-4, -3, -2, -1].map((days) => new Date(today + days * DAY_MS + 2 * 3_600_000).toISOString());
    expect(planned).toMatchObject({ dry_run: true, total: 4 });
    expect(linesOf('nightly')).toEqual([]);
    const { id } = await call<{ id: string }>(`POST /api/v1/cronjob/${job.id}/backfill`, { ...range, parallel: 2 });
    await until(
      'the end of the backfill',
      async () => {
        const { results } = await call<{ results: { id: string; status: string; created: number }[] }>(
          `GET /api/v1/cronjob/${job.id}/backfill`,
        );
        const found = results.find((backfill) => backfill.id === id);
        return found?.status === 'done' ? found : undefined;
      },
      WITHIN_MS,
    );
    const entries = await until('its tasks in the ledger', async () => {
      const ledger = await call<{ entries: { outcome: string; status: string | null }[] }>(
        `GET /api/v1/cronjob/${job.id}/ledger?from=${range.from}&to=${range.to}`,
      );
      return ledger.entries.length === 4 && ledger.entries.every(({ status }) => status === 'success')
        ? ledger.entries
        : undefined;
    });
    expect(entries.map(({ outcome }) => outcome)).toEqual(['ran', 'ran', 'ran', 'ran']);
    expect([...linesOf('nightly')].sort()).toEqual(nights);
    // Nothing is left to fill in.
    const empty = await send(`POST /api/v1/cronjob/${job.id}/backfill`, range);
    expect(empty.status).toBe(400);
    await call(`DELETE /api/v1/cronjob/${job.id}/`);
  });
});

describe.concurrent('the fleet', () => {
  it('gives a broadcast to each worker of its pool, once, with its place among them', {
    timeout: WITHIN_MS,
  }, async () => {
    await Promise.all(['cast-1', 'cast-2'].map((name) => startWorker({ name, pool: 'cast', allow: ['shell'] })));
    const job = await createJob('everywhere', {
      ...{ pool: 'cast', routing: 'broadcast' },
      command: 'echo "$CRONSAGA_SHARD_INDEX of $CRONSAGA_SHARD_TOTAL"',
    });
    await trigger(job);
    const runs = await runsThat(job, 'completed', 2);
    expect(runs.map(({ worker_id, result }) => [worker_id, result]).sort()).toEqual([
      ['cast-1', '0 of 2\n'],
      ['cast-2', '1 of 2\n'],
    ]);
    expect(await runsOf(job)).toHaveLength(2);
  });

  it('tells which tag a task waits for, and starts it when a worker with that tag comes', {
    timeout: WITHIN_MS,
  }, async () => {
    const { id } = await createTask('renders', { command: 'echo rendered', tags: ['gpu'], save_log: true });
    const why = await until('the reason', async () => {
      const found = await call<{ reason: string; message: string }>(`GET /api/v1/task/${id}/why/`);
      return found.reason === 'no_tag' ? found : undefined;
    });
    expect(why.message).toBe('Of the workers that could otherwise take it (local), none has the tag gpu.');
    await startWorker({ name: 'gpu-1', tags: ['gpu'], allow: ['shell'] });
    expect(await taskThat(id, ({ time_end }) => time_end !== null)).toMatchObject({
      ...{ status: 'success', worker_name: 'gpu-1', output: 'rendered\n' },
    });
  });

  it('ends a task as a person says, and its process with it', { timeout: WITHIN_MS }, async () => {
    const { id } = await createTask('hangs', { command: `echo $$ > ${file('hangs')}; exec sleep 600` });
    const pid = Number(
      await until('the command at work', () => {
        const [line] = linesOf('hangs');
        return line;
      }),
    );
    await taskThat(id, ({ status }) => status === 'running');
    expect((await send(`PUT /api/v1/task/${id}/update-status/`, { status: 'failed' })).status).toBe(200);
    expect(await call(`GET /api/v1/task/${id}/`)).toMatchObject({ status: 'failed', retry_count: 0 });
    expect((await send(`PUT /api/v1/task/${id}/update-status/`, { status: 'success' })).status).toBe(409);
    await until('the end of its process', () => {
      try {
        process.kill(pid, 0);
        return undefined;
      } catch {
        return true;
      }
    });
    expect(await call(`GET /api/v1/task/${id}/`)).toMatchObject({ status: 'failed' });
  });
});

describe.concurrent('the pool without workers', () => {
  it('ends a group', { timeout: WITHIN_MS }, async () => {
    const { id } = await createTask('a group', { is_group: true });
    expect(await taskThat(id, ({ time_end }) => time_end !== null)).toMatchObject({
      ...{ status: 'success', is_group: true, worker_name: 'lambda' },
    });
  });

  it('executes webhooks of a job, and reaches nothing that is not public', { timeout: WITHIN_MS }, async () => {
    const asked: string[] = [];
    const server = createServer((request, response) => {
      asked.push(request.url ?? '');
      response.end('internal');
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    closing.push(async () => server.close());
    const job = await createJob('webhook', {
      ...{ executor: 'http', pool: 'lambda', schedule: EVERY_2_S },
      url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`,
    });
    const [run] = await runsThat(job, 'failed', 1);
    await call(`DELETE /api/tasks/${job.id}`);
    expect(run).toMatchObject({
      ...{ worker_id: 'lambda', attempt: 1, trigger: 'schedule' },
      error_message: expect.stringContaining('127.0.0.1 is a loopback address'),
    });
    expect(at(run?.started_at ?? null)).toBeGreaterThanOrEqual(instantOf(run?.id ?? ''));
    expect(asked).toEqual([]);
  });
});
