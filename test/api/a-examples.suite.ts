/**
 * Every operation that API A's document lists for cron jobs, tasks, categories and locks, over HTTP: method and path as printed,
 * with ids and names replaced; the documented status, envelope and keys. Further keys are allowed.
 */
import { describe, expect, it } from 'vitest';

type Json = Readonly<Record<string, unknown>>;
type Answered = { readonly status: number; readonly json: Json };

const TEXT = expect.any(String);
const FLAG = expect.any(Boolean);
const NUMBER = expect.any(Number);
const INSTANT = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{3})?Z$/);
const orNull = (matcher: unknown) => expect.toSatisfy((value) => value === null || matcherHolds(value, matcher));
const matcherHolds = (value: unknown, matcher: unknown): boolean => {
  try {
    expect(value).toEqual(matcher);
    return true;
  } catch {
    return false;
  }
};

const METADATA = expect.objectContaining({
  workingDir: TEXT,
  environment: expect.any(Object),
  worker_select: expect.any(Array),
  worker_labels: expect.any(Object),
  priority: NUMBER,
  resource_limit: expect.any(Object),
  extensions: expect.any(Object),
});

const CRONJOB = expect.objectContaining({
  id: TEXT,
  project: TEXT,
  category: TEXT,
  name: TEXT,
  time: TEXT,
  command: TEXT,
  args: TEXT,
  description: TEXT,
  last_plan: orNull(INSTANT),
  last_dispatch: orNull(INSTANT),
  last_status: orNull(TEXT),
  is_active: FLAG,
  save_log: FLAG,
  timeout: NUMBER,
  metadata: METADATA,
  created_at: INSTANT,
  updated_at: INSTANT,
  deleted: false,
});

const TASK = expect.objectContaining({
  id: TEXT,
  project: TEXT,
  category: TEXT,
  cronjob: orNull(TEXT),
  name: TEXT,
  is_group: FLAG,
  task_order: NUMBER,
  previous: orNull(TEXT),
  next: orNull(TEXT),
  command: TEXT,
  args: TEXT,
  description: TEXT,
  time_plan: INSTANT,
  timeout_at: orNull(INSTANT),
  time_start: orNull(INSTANT),
  time_end: orNull(INSTANT),
  status: expect.stringMatching(/^(pending|running|success|failed|error|timeout|canceled|retrying)$/),
  output: TEXT,
  save_log: FLAG,
  retry_count: NUMBER,
  max_retry: NUMBER,
  worker_id: orNull(TEXT),
  worker_name: orNull(TEXT),
  is_standalone: FLAG,
  timeout: NUMBER,
  metadata: METADATA,
  created_at: INSTANT,
  updated_at: INSTANT,
  deleted: false,
});

const CATEGORY = expect.objectContaining({
  id: NUMBER,
  code: TEXT,
  name: TEXT,
  setup: TEXT,
  teardown: TEXT,
  check: TEXT,
  description: TEXT,
});

/** Nobody's id: well-formed, and of an instant that has not come. */
const UNKNOWN_ID = '9007199254740991';

let made = 0;
const fresh = (word: string): string => {
  made += 1;
  return `${word}-${Date.now().toString(36)}-${made}`;
};

/** @param target read when a test runs: the server is up by then, and its credential is known */
export const describeAExamples = (target: () => { readonly url: string; readonly token: string }): void => {
  const send = async (method: string, path: string, body?: object, token = target().token): Promise<Answered> => {
    const response = await fetch(`${target().url}${path}`, {
      method,
      headers: {
        ...(token === '' ? {} : { Authorization: `Bearer ${token}` }),
        ...(body === undefined ? {} : { 'Content-Type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    expect(response.headers.get('content-type')).toMatch(/^application\/json/);
    return { status: response.status, json: (await response.json()) as Json };
  };

  const expectData = ({ status, json }: Answered, code: number, data: unknown): void => {
    expect({ status, json }).toEqual({ status: code, json: { code: 0, message: 'ok', data } });
  };
  /** The documented word, alone or with what to change after a colon. */
  const expectError = ({ status, json }: Answered, code: number, word: string): void => {
    expect({ status, json }).toEqual({
      status: code,
      json: { code, message: expect.stringMatching(new RegExp(`^${word}(: .+)?$`)) },
    });
  };
  const dataOf = async <T = Json & { readonly id: string }>(answering: Promise<Answered>): Promise<T> => {
    const { status, json } = await answering;
    expect({ status, json }).toMatchObject({ json: { code: 0 } });
    return json.data as T;
  };

  const cronjobForm = (over: Json = {}) => ({
    name: fresh('job'),
    time: '0 0 2 * * * *',
    command: 'echo hello',
    ...over,
  });
  const createCronjob = (over: Json = {}) => dataOf(send('POST', '/api/v1/cronjob/', cronjobForm(over)));
  /** Far ahead, so that no worker of the stack takes it meanwhile. */
  const taskForm = (over: Json = {}) => ({
    name: fresh('task'),
    command: 'echo hello',
    time_plan: new Date(Date.UTC(2033, 0, 1)).toISOString(),
    ...over,
  });
  const createTask = (over: Json = {}) => dataOf(send('POST', '/api/v1/task/', taskForm(over)));
  const createCategory = (over: Json = {}) =>
    dataOf<Json & { readonly id: number; readonly code: string }>(
      send('POST', '/api/v1/category/', { code: fresh('code'), ...over }),
    );

  describe('authentication', () => {
    it.each(['/api/v1/cronjob/', '/api/v1/task/', '/api/v1/category/', '/api/v1/lock/check?key=a'])(
      'is asked for by %s, with a code of its own for what is wrong',
      async (path) => {
        const missing = await send('GET', path, undefined, '');
        expect([missing.status, missing.json]).toMatchObject([401, { code: 401, error: 'MISSING_AUTH_HEADER' }]);
        const invalid = await send('GET', path, undefined, 'nonsense');
        expect([invalid.status, invalid.json]).toMatchObject([401, { code: 401, error: 'INVALID_TOKEN' }]);
      },
    );

    it('is not asked for by the root', async () => {
      const { status, json } = await send('GET', '/', undefined, '');
      expect([status, json]).toEqual([200, { message: TEXT, version: '1.0.0', status: 'running' }]);
    });
  });

  describe('cronjobs', () => {
    it('POST /api/v1/cronjob/ creates one, with the documented defaults', async () => {
      const form = cronjobForm();
      const answer = await send('POST', '/api/v1/cronjob/', form);
      expectData(answer, 201, CRONJOB);
      expect(answer.json.data).toMatchObject({
        ...form,
        project: 'default',
        category: 'default',
        args: '',
        description: '',
        is_active: false,
        timeout: 0,
        last_dispatch: null,
        metadata: { priority: 5, environment: {}, worker_select: [] },
      });
    });

    it('POST /api/v1/cronjob/ refuses the name of another in the project, and takes it in another project', async () => {
      const form = cronjobForm();
      expectData(await send('POST', '/api/v1/cronjob/', form), 201, CRONJOB);
      expectError(await send('POST', '/api/v1/cronjob/', form), 409, '记录已存在');
      expectData(await send('POST', '/api/v1/cronjob/', { ...form, project: 'other' }), 201, CRONJOB);
    });

    it('GET /api/v1/cronjob/ lists them', async () => {
      const { id } = await createCronjob();
      const answer = await send('GET', '/api/v1/cronjob/?page=1&page_size=10');
      expectData(
        answer,
        200,
        expect.objectContaining({ page: 1, page_size: 10, count: NUMBER, results: expect.any(Array) }),
      );
      const { results } = answer.json.data as { results: { id: string }[] };
      expect(results).toEqual(results.map(() => CRONJOB));
      expect(results.map((job) => job.id)).toContain(id);
    });

    it('GET /api/v1/cronjob/{id}/ reads one', async () => {
      const job = await createCronjob();
      expectData(await send('GET', `/api/v1/cronjob/${job.id}/`), 200, job);
      expectError(await send('GET', '/api/v1/cronjob/nonsense/'), 400, '请求参数错误');
      expectError(await send('GET', `/api/v1/cronjob/${UNKNOWN_ID}/`), 404, '记录不存在');
    });

    it('GET /api/v1/cronjob/project/{project}/name/{name}/ reads one by its name', async () => {
      const { id, project, name } = await createCronjob();
      const { json } = await send('GET', `/api/v1/cronjob/project/${project}/name/${name}/`);
      expect(json.data).toMatchObject({ id });
      expectError(await send('GET', `/api/v1/cronjob/project/${project}/name/${fresh('no')}/`), 404, '记录不存在');
    });

    it('PUT /api/v1/cronjob/{id}/ updates the whole of one', async () => {
      const job = await createCronjob({
        args: '["a"]',
        description: 'first',
        is_active: true,
        save_log: true,
        timeout: 9,
      });
      const answer = await send('PUT', `/api/v1/cronjob/${job.id}/`, { time: '0 30 2 * * * *', name: '', command: '' });
      expectData(answer, 200, CRONJOB);
      expect(answer.json.data).toMatchObject({
        name: job.name,
        command: job.command,
        time: '0 30 2 * * * *',
        args: '',
        description: '',
        is_active: false,
        save_log: false,
        timeout: 0,
      });
      expectError(await send('PUT', `/api/v1/cronjob/${UNKNOWN_ID}/`, {}), 404, '记录不存在');
    });

    it('PATCH /api/v1/cronjob/{id}/ changes a part of one', async () => {
      const job = await createCronjob({ description: 'first' });
      const answer = await send('PATCH', `/api/v1/cronjob/${job.id}/`, { is_active: true });
      expectData(answer, 200, CRONJOB);
      expect(answer.json.data).toMatchObject({ is_active: true, description: 'first', name: job.name });
    });

    it('PUT /api/v1/cronjob/{id}/toggle-active/ switches one on and off', async () => {
      const { id } = await createCronjob();
      const toggle = () => send('PUT', `/api/v1/cronjob/${id}/toggle-active/`);
      expect((await toggle()).json.data).toMatchObject({ id, is_active: true });
      expect((await toggle()).json.data).toMatchObject({ id, is_active: false });
      expectError(await send('PUT', `/api/v1/cronjob/${UNKNOWN_ID}/toggle-active/`), 404, '记录不存在');
    });

    it('POST /api/v1/cronjob/validate-expression/ reads an expression', async () => {
      const expr = '0 0 12 * * ?';
      const answer = await send('POST', '/api/v1/cronjob/validate-expression/', { expr });
      expectData(answer, 200, {
        valid: true,
        expression: expr,
        next_execution_time: INSTANT,
        next_execution_times: expect.any(Array),
        description: TEXT,
        warnings: [],
      });
      expect((answer.json.data as { next_execution_time: string }).next_execution_time).toMatch(/T12:00:00Z$/);
      expectError(
        await send('POST', '/api/v1/cronjob/validate-expression/', { expr: 'nonsense' }),
        400,
        '请求参数错误',
      );
      expectError(await send('POST', '/api/v1/cronjob/validate-expression/', {}), 400, '请求参数错误');
    });

    it('DELETE /api/v1/cronjob/{id}/ deletes one, and frees its name', async () => {
      const { id, name } = await createCronjob();
      expectData(await send('DELETE', `/api/v1/cronjob/${id}/`), 200, { message: '定时任务删除成功' });
      expectError(await send('GET', `/api/v1/cronjob/${id}/`), 404, '记录不存在');
      expectError(await send('DELETE', `/api/v1/cronjob/${id}/`), 404, '记录不存在');
      expectData(await send('POST', '/api/v1/cronjob/', cronjobForm({ name })), 201, CRONJOB);
    });
  });

  describe('tasks', () => {
    it('POST /api/v1/task/ creates one, with the documented defaults', async () => {
      const form = { name: fresh('task'), command: 'echo hello' };
      const answer = await send('POST', '/api/v1/task/', form);
      expectData(answer, 201, TASK);
      const task = answer.json.data as { time_plan: string; timeout_at: string; created_at: string };
      expect(task).toMatchObject({
        ...form,
        project: 'default',
        category: 'default',
        cronjob: null,
        status: 'pending',
        is_group: false,
        max_retry: 0,
        timeout: 0,
        output: '',
      });
      // Nothing is planned for the past: the plan is the instant of the writing, a little after that of the request.
      const times = [task.time_plan, task.created_at, task.timeout_at].map((text) => Date.parse(text));
      const [plan = 0, created = 0, latest = 0] = times;
      expect(Math.abs(plan - created)).toBeLessThan(60_000);
      expect(Math.abs(latest - plan - 3_600_000)).toBeLessThan(60_000);
    });

    it('GET /api/v1/task/ lists them', async () => {
      const { id, name } = await createTask();
      const answer = await send('GET', `/api/v1/task/?name=${name}`);
      expectData(answer, 200, {
        page: 1,
        page_size: 10,
        count: 1,
        results: [expect.objectContaining({ id, name })],
        ...((answer.json.data as Json).partial === true ? { partial: true } : {}),
      });
    });

    it('GET /api/v1/task/{id}/ reads one', async () => {
      const task = await createTask();
      expectData(await send('GET', `/api/v1/task/${task.id}/`), 200, task);
      expectError(await send('GET', '/api/v1/task/nonsense/'), 400, '请求参数错误');
      expectError(await send('GET', `/api/v1/task/${UNKNOWN_ID}/`), 404, '记录不存在');
    });

    it('PUT and PATCH /api/v1/task/{id}/ change one', async () => {
      const task = await createTask();
      const put = await send('PUT', `/api/v1/task/${task.id}/`, { name: 'renamed', description: 'by hand' });
      expectData(put, 200, TASK);
      expect(put.json.data).toMatchObject({
        id: task.id,
        name: 'renamed',
        description: 'by hand',
        command: task.command,
      });
      const patch = await send('PATCH', `/api/v1/task/${task.id}/`, { task_order: 3 });
      expect(patch.json.data).toMatchObject({ name: 'renamed', task_order: 3 });
      expectError(await send('PUT', `/api/v1/task/${UNKNOWN_ID}/`, {}), 404, '记录不存在');
    });

    it('PUT /api/v1/task/{id}/update-status/ takes the status in the body or the query', async () => {
      const done = { success: true, message: '任务状态更新成功' };
      const [first, second] = [await createTask(), await createTask()];
      expectData(await send('PUT', `/api/v1/task/${first.id}/update-status/`, { status: 'canceled' }), 200, done);
      expectData(await send('PUT', `/api/v1/task/${second.id}/update-status/?status=canceled`), 200, done);
      expect((await send('GET', `/api/v1/task/${second.id}/`)).json.data).toMatchObject({ status: 'canceled' });
      expectError(await send('PUT', `/api/v1/task/${first.id}/update-status/`), 400, '请求参数错误');
      expectError(await send('PUT', `/api/v1/task/${UNKNOWN_ID}/update-status/?status=failed`), 404, '记录不存在');
    });

    it('PUT /api/v1/task/{id}/update-output/ notes an output', async () => {
      const { id } = await createTask();
      const answer = await send('PUT', `/api/v1/task/${id}/update-output/`, { output: 'done by hand' });
      expectData(answer, 200, { success: true, message: '任务输出更新成功' });
      expect((await send('GET', `/api/v1/task/${id}/`)).json.data).toMatchObject({ output: 'done by hand' });
      expectError(await send('PUT', `/api/v1/task/${id}/update-output/`, {}), 400, '请求参数错误');
    });

    it('DELETE /api/v1/task/{id}/ deletes one', async () => {
      const { id } = await createTask();
      expectData(await send('DELETE', `/api/v1/task/${id}/`), 200, { message: '任务删除成功' });
      expectError(await send('GET', `/api/v1/task/${id}/`), 404, '记录不存在');
      expectError(await send('DELETE', `/api/v1/task/${id}/`), 404, '记录不存在');
    });
  });

  describe('categories', () => {
    it('POST /api/v1/category/ creates one', async () => {
      const form = { code: fresh('code'), name: 'Video', setup: 'true', teardown: '', check: 'true', description: 'x' };
      const answer = await send('POST', '/api/v1/category/', form);
      expectData(answer, 201, CATEGORY);
      expect(answer.json.data).toMatchObject(form);
      expectError(await send('POST', '/api/v1/category/', form), 409, '记录已存在');
    });

    it('GET /api/v1/category/ lists them as items', async () => {
      const { code } = await createCategory();
      expectData(await send('GET', `/api/v1/category/?code=${code}`), 200, {
        count: 1,
        items: [expect.objectContaining({ code })],
        page: 1,
        page_size: 10,
      });
    });

    it('GET, PUT and DELETE /api/v1/category/{id}/ take its id or its code', async () => {
      const { id, code } = await createCategory();
      for (const place of [id, code]) {
        expect((await send('GET', `/api/v1/category/${place}/`)).json.data).toMatchObject({ id, code });
        expectData(await send('PUT', `/api/v1/category/${place}/`, { name: `of ${place}` }), 200, CATEGORY);
      }
      expectData(await send('DELETE', `/api/v1/category/${code}/`), 200, { message: TEXT });
      expectError(await send('GET', `/api/v1/category/${id}/`), 404, '记录不存在');
      expectData(await send('POST', '/api/v1/category/', { code }), 201, CATEGORY);
    });
  });

  describe('locks', () => {
    const VALUE = expect.stringMatching(/^[0-9a-f]{32}$/);

    it('GET /api/v1/lock/acquire gives a lock to one', async () => {
      const key = fresh('lock');
      expectData(
        await send('GET', `/api/v1/lock/acquire?key=${key}&expire=60`),
        200,
        expect.objectContaining({ key, value: VALUE, success: true, status: 'success', message: TEXT }),
      );
      expectData(await send('GET', `/api/v1/lock/acquire?key=${key}`), 200, {
        key,
        value: '',
        success: false,
        status: 'failed',
        message: 'lock already acquired',
      });
      expectError(await send('GET', '/api/v1/lock/acquire'), 400, '请求参数错误');
    });

    it('GET /api/v1/lock/check, refresh and release go by its value', async () => {
      const key = fresh('lock');
      const { value } = await dataOf<{ readonly value: string }>(send('GET', `/api/v1/lock/acquire?key=${key}`));
      expectData(
        await send('GET', `/api/v1/lock/check?key=${key}&value=${value}`),
        200,
        expect.objectContaining({
          key,
          is_locked: true,
          value,
          status: TEXT,
          check_time: INSTANT,
          value_matched: true,
        }),
      );
      expectData(
        await send('GET', `/api/v1/lock/refresh?key=${key}&value=${value}&expire=100`),
        200,
        expect.objectContaining({ key, value, expire: 100, success: true, status: 'success', message: TEXT }),
      );
      expectData(await send('GET', `/api/v1/lock/release?key=${key}&value=${value}`), 200, {
        key,
        status: 'success',
        message: TEXT,
      });
      expect((await send('GET', `/api/v1/lock/release?key=${key}&value=${value}`)).status).toBe(409);
      expect((await send('GET', `/api/v1/lock/refresh?key=${key}&value=${value}`)).status).toBe(400);
      expect((await send('GET', `/api/v1/lock/check?key=${key}`)).json.data).toMatchObject({ is_locked: false });
    });
  });
};
