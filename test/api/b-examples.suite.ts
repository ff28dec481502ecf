/**
 * Every example of API B's document, word for word, over HTTP: the request as printed, with instants, ids, credentials, host
 * and port replaced; the documented status, and every documented key with its type and, where the document fixes one, its
 * value. Further keys are allowed.
 */
import { afterEach, describe, expect, it } from 'vitest';

type Json = Readonly<Record<string, unknown>>;
type Answered = { readonly status: number; readonly json: Json };

const INSTANT = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{3})?Z$/);
const ID = expect.any(Number);
const COUNT = expect.any(Number);
const WAIT_MS = 30_000;

/** The document fixes `success`, and that there are `data`, `message` and `timestamp`. */
const answerOf = (data: unknown) =>
  expect.objectContaining({ success: true, data, message: expect.any(String), timestamp: INSTANT });
const has = (fields: Json) => expect.objectContaining(fields);

/**
 * @param target read when a test runs; `key` is a key of an admin, `reader` one that may read runs alone
 * @param executes whether a worker is there that executes shell tasks
 */
export const describeBExamples = (
  target: () => { readonly url: string; readonly key: string; readonly reader: string },
  executes: boolean,
): void => {
  const made: number[] = [];
  afterEach(async () => {
    // The next example may have the same name.
    for (const id of made.splice(0)) {
      await request('DELETE', `/api/tasks/${id}`);
    }
  });

  const request = (
    method: string,
    path: string,
    init: { body?: string; as?: string | null } = {},
  ): Promise<Response> => {
    const { body, as = target().key } = init;
    return fetch(`${target().url}${path}`, {
      method,
      headers: {
        ...(as === null ? {} : { Authorization: `Bearer ${as}` }),
        ...(body === undefined ? {} : { 'Content-Type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body }),
    });
  };
  const send = async (method: string, path: string, body?: object | string, as?: string | null): Promise<Answered> => {
    const text = typeof body === 'object' ? JSON.stringify(body) : body;
    const response = await request(method, path, {
      ...(text === undefined ? {} : { body: text }),
      ...(as === undefined ? {} : { as }),
    });
    expect(response.headers.get('content-type')).toMatch(/^application\/json/);
    return { status: response.status, json: (await response.json()) as Json };
  };
  const create = async (body: object | string): Promise<Answered> => {
    const answer = await send('POST', '/api/tasks', body);
    const { id } = (answer.json.data ?? {}) as { id?: number };
    if (id !== undefined) {
      made.push(id);
    }
    return answer;
  };
  const idOf = ({ json }: Answered): number => (json.data as { id: number }).id;

  const TASK = {
    name: 'task_name',
    executor: 'shell',
    command: 'echo hello',
    schedule: '0 */6 * * *',
    priority: 'normal',
    retry_count: 3,
    timeout_seconds: 3600,
  };

  describe('POST /api/tasks', () => {
    it('creates a task', async () => {
      expect(await create(TASK)).toEqual({
        status: 201,
        json: answerOf(has({ id: ID, ...TASK, status: 'active', created_at: INSTANT, updated_at: INSTANT })),
      });
    });

    it('creates the backup of the curl example', async () => {
      const answer = await create(`{
    "name": "database_backup",
    "executor": "shell", 
    "command": "pg_dump mydb > /backup/$(date +%Y%m%d).sql",
    "schedule": "0 2 * * *",
    "priority": "high",
    "retry_count": 2,
    "timeout_seconds": 1800
  }`);
      expect(answer).toEqual({
        status: 201,
        json: answerOf(
          has({
            id: ID,
            name: 'database_backup',
            executor: 'shell',
            command: 'pg_dump mydb > /backup/$(date +%Y%m%d).sql',
            schedule: '0 2 * * *',
            priority: 'high',
            retry_count: 2,
            timeout_seconds: 1800,
            next_run_at: expect.stringMatching(/T02:00:00Z$/),
          }),
        ),
      });
    });

    it('creates the webhook of the curl example, which has no command and no schedule', async () => {
      const answer = await create(`{
    "name": "status_webhook",
    "executor": "http",
    "url": "https://hooks.slack.com/services/xxx",
    "method": "POST",
    "headers": {"Content-Type": "application/json"},
    "body": "{\\"text\\": \\"Daily report completed\\"}"
  }`);
      expect(answer).toEqual({
        status: 201,
        json: answerOf(
          has({
            id: ID,
            name: 'status_webhook',
            executor: 'http',
            url: 'https://hooks.slack.com/services/xxx',
            method: 'POST',
            headers: { 'Content-Type': 'application/json' },
            body: '{"text": "Daily report completed"}',
            schedule: null,
          }),
        ),
      });
    });

    it.each([
      {
        executor: 'shell',
        command: 'ls -la',
        working_directory: '/tmp',
        environment: { PATH: '/usr/bin:/bin' },
      },
      {
        executor: 'http',
        url: 'https://api.example.com/webhook',
        method: 'POST',
        headers: { 'Content-Type': 'application/json' },
        body: '{"data": "value"}',
      },
      {
        executor: 'python',
        command: 'data_processor.py',
        arguments: ['--input', 'data.csv'],
        python_path: '/usr/bin/python3',
      },
    ])('takes the fields of the executor: $executor', async (fields) => {
      expect(await create({ name: 'task_name', ...fields })).toEqual({ status: 201, json: answerOf(has(fields)) });
    });

    it.each(['low', 'normal', 'high', 'critical'])('takes the priority %s', async (priority) => {
      expect(await create({ ...TASK, priority })).toMatchObject({ status: 201, json: { data: { priority } } });
    });
  });

  describe('GET /api/tasks', () => {
    it('lists tasks by page', async () => {
      await create(TASK);
      expect(await send('GET', '/api/tasks')).toEqual({
        status: 200,
        json: answerOf(
          has({
            items: expect.arrayContaining([has({ name: 'task_name' })]),
            total: COUNT,
            page: 1,
            page_size: 20,
            total_pages: COUNT,
          }),
        ),
      });
      expect(await send('GET', '/api/tasks?page=1&size=5')).toMatchObject({
        json: { data: { page: 1, page_size: 5 } },
      });
    });

    it('filters by status and searches', async () => {
      const id = idOf(await create(TASK));
      await create({ ...TASK, name: 'another', status: 'paused' });
      const idsOf = async (query: string): Promise<readonly unknown[]> => {
        const { json } = await send('GET', `/api/tasks?${query}`);
        return (json.data as { items: readonly Json[] }).items.map((item) => item.id);
      };
      await expect.poll(() => idsOf('status=active&size=100'), { timeout: WAIT_MS }).toContain(id);
      await expect.poll(() => idsOf('status=paused&size=100'), { timeout: WAIT_MS }).not.toContain(id);
      await expect.poll(() => idsOf('search=task&size=100'), { timeout: WAIT_MS }).toContain(id);
      expect(await idsOf('search=nothingofthekind')).toEqual([]);
    });
  });

  describe('GET /api/tasks/{task_id}', () => {
    it('reads a task', async () => {
      const id = idOf(await create(TASK));
      expect(await send('GET', `/api/tasks/${id}`)).toEqual({
        status: 200,
        json: answerOf(has({ id, ...TASK, recent_runs: [] })),
      });
    });
  });

  describe('PUT /api/tasks/{task_id}', () => {
    it.each(['active', 'paused', 'disabled'])('changes a task to %s', async (status) => {
      const id = idOf(await create(TASK));
      const change = { name: 'updated_name', status, schedule: '0 12 * * *' };
      expect(await send('PUT', `/api/tasks/${id}`, change)).toEqual({
        status: 200,
        json: answerOf(has({ id, ...change })),
      });
    });
  });

  describe('DELETE /api/tasks/{task_id}', () => {
    it('answers 204 without content', async () => {
      const id = idOf(await create(TASK));
      const response = await request('DELETE', `/api/tasks/${id}`);
      expect([response.status, await response.text()]).toEqual([204, '']);
      expect((await send('GET', `/api/tasks/${id}`)).status).toBe(404);
    });
  });

  describe('POST /api/tasks/{task_id}/trigger and GET /api/tasks/{task_id}/runs', () => {
    it('starts a run, and lists it with what came of it', async () => {
      const id = idOf(await create({ ...TASK, schedule: undefined }));
      const triggered = await send('POST', `/api/tasks/${id}/trigger`);
      expect(triggered).toEqual({
        status: 200,
        json: answerOf(has({ id: expect.any(String), task_id: id, status: 'pending' })),
      });
      const run = (triggered.json.data as Json).id;
      const list = async () => {
        const { json } = await send('GET', `/api/tasks/${id}/runs`);
        return (json.data as { items: readonly Json[] }).items;
      };
      await expect.poll(async () => (await list()).map((item) => item.id), { timeout: WAIT_MS }).toEqual([run]);
      if (executes) {
        await expect.poll(list, { timeout: WAIT_MS }).toEqual([
          has({
            task_id: id,
            status: 'completed',
            worker_id: expect.any(String),
            attempt: 1,
            scheduled_at: INSTANT,
            started_at: INSTANT,
            completed_at: INSTANT,
            exit_code: 0,
            result: expect.stringContaining('hello'),
            error_message: null,
            execution_duration_ms: COUNT,
          }),
        ]);
      }
    });
  });

  describe('workers', () => {
    const HEARTBEAT = {
      status: 'online',
      current_tasks: 3,
      system_info: { cpu_usage: 45.2, memory_usage: 60.8, disk_usage: 35.1 },
    };
    const WORKER = {
      id: 'worker-001',
      name: 'worker-001',
      status: 'online',
      last_heartbeat: INSTANT,
      current_tasks: 3,
      max_tasks: COUNT,
      tags: expect.any(Array),
    };

    it('POST /api/workers/{worker_id}/heartbeat takes a heartbeat', async () => {
      expect(await send('POST', '/api/workers/worker-001/heartbeat', HEARTBEAT)).toEqual({
        status: 200,
        json: answerOf(has({ ...WORKER, system_info: HEARTBEAT.system_info })),
      });
    });

    it('GET /api/workers lists them, as a bare array', async () => {
      await send('POST', '/api/workers/worker-001/heartbeat', HEARTBEAT);
      const list = () => send('GET', '/api/workers');
      await expect
        .poll(list, { timeout: WAIT_MS })
        .toEqual({ status: 200, json: answerOf(expect.arrayContaining([has(WORKER)])) });
    });

    it('GET /api/workers/{worker_id} reads one', async () => {
      await send('POST', '/api/workers/worker-001/heartbeat', HEARTBEAT);
      expect(await send('GET', '/api/workers/worker-001')).toEqual({ status: 200, json: answerOf(has(WORKER)) });
    });

    it('PUT /api/workers/{worker_id} configures one', async () => {
      await send('POST', '/api/workers/worker-002/heartbeat', HEARTBEAT);
      const change = { max_tasks: 20, tags: ['cpu', 'shell'], enabled: true };
      expect(await send('PUT', '/api/workers/worker-002', change)).toEqual({
        status: 200,
        json: answerOf(has(change)),
      });
    });
  });

  describe('the system', () => {
    it('GET /api/health', async () => {
      expect(await send('GET', '/api/health', undefined, null)).toEqual({
        status: 200,
        json: answerOf(
          has({
            status: 'healthy',
            database: 'connected',
            message_queue: 'connected',
            uptime_seconds: COUNT,
            version: expect.stringMatching(/^\d+\.\d+\.\d+$/),
          }),
        ),
      });
    });

    it('GET /api/system/status', async () => {
      expect(await send('GET', '/api/system/status')).toEqual({
        status: 200,
        json: answerOf(
          has({
            tasks: has({ total: COUNT, active: COUNT, paused: COUNT, running: COUNT }),
            workers: has({ total: COUNT, online: COUNT, offline: COUNT }),
            runs_today: COUNT,
            success_rate: COUNT,
          }),
        ),
      });
    });

    it('GET /metrics', async () => {
      const response = await request('GET', '/metrics', { as: null });
      expect([response.status, response.headers.get('content-type')]).toEqual([
        200,
        expect.stringMatching(/^text\/plain/),
      ]);
      expect(await response.text()).toMatch(/^# HELP \w+ .+\n# TYPE \w+ (gauge|counter)\n/);
    });
  });

  describe('the table of statuses', () => {
    const refused = (status: number) => ({
      status,
      json: has({ success: false, code: status, message: expect.any(String), timestamp: INSTANT }),
    });

    it('400 for wrong parameters', async () => {
      expect(await create({ name: 'task_name' })).toEqual(refused(400));
      expect(await send('GET', '/api/tasks/none')).toEqual(refused(400));
    });

    it('401 without a credential, and with a wrong one', async () => {
      expect(await send('GET', '/api/tasks', undefined, null)).toEqual(refused(401));
      expect(await send('GET', '/api/tasks', undefined, 'your-api-key')).toEqual(refused(401));
    });

    it('403 without the scope', async () => {
      expect(await send('POST', '/api/tasks', TASK, target().reader)).toEqual(refused(403));
    });

    it('404 for what is not there', async () => {
      expect(await send('GET', '/api/tasks/1')).toEqual(refused(404));
      expect(await send('POST', '/api/tasks/1/trigger')).toEqual(refused(404));
      expect(await send('GET', '/api/workers/nobody')).toEqual(refused(404));
    });

    it('409 for a name that is taken', async () => {
      await create(TASK);
      expect(await create(TASK)).toEqual(refused(409));
    });
  });
};
