/**
 * Every example of API D's document, word for word, over HTTP: the request as printed, with instants, ids, host and port
 * replaced; the documented status, and every documented key with its type and, where the document fixes one, its value.
 * Further keys are allowed.
 *
 * Needs a group D that is open and something that executes tasks of type `send_email` with success.
 */
import { describe, expect, it } from 'vitest';

type Json = Readonly<Record<string, unknown>>;

const INSTANT = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{3})?Z$/);
const ID = expect.any(Number);
const COUNT = expect.any(Number);
const PAYLOAD = { to: 'user@example.com', subject: 'Напоминание' };
const WAIT_MS = 30_000;

const inMs = (ms: number): string => new Date(Date.now() + ms).toISOString();
/** The document prints whole seconds. */
const inOneHour = (): string => `${inMs(3_600_000).slice(0, 19)}Z`;

/** A status that nobody can still change is only right when it comes; counters may lag behind the rows by 5 s. */
const eventually = async <T>(read: () => Promise<T>, isThere: (value: T) => boolean): Promise<T> => {
  const deadline = Date.now() + WAIT_MS;
  for (;;) {
    const value = await read();
    if (isThere(value) || Date.now() > deadline) {
      return value;
    }
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
};

export const describeAtExamples = (baseUrl: () => string): void => {
  const send = async (
    method: string,
    path: string,
    init: RequestInit = {},
  ): Promise<{ status: number; json: Json }> => {
    const response = await fetch(`${baseUrl()}${path}`, { method, ...init });
    expect(response.headers.get('content-type')).toMatch(/^application\/json/);
    return { status: response.status, json: (await response.json()) as Json };
  };
  const post = (body: object) =>
    send('POST', '/api/v1/tasks', { headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body) });
  const create = async (body: object = {}): Promise<number> => {
    const { json } = await post({
      execute_at: inOneHour(),
      task_type: 'send_email',
      payload: PAYLOAD,
      max_attempts: 3,
      ...body,
    });
    return (json.task as { id: number }).id;
  };
  const expectError = async (sending: ReturnType<typeof send>, status: number, error: unknown): Promise<void> => {
    expect(await sending).toEqual({ status, json: expect.objectContaining({ error }) });
  };

  describe('POST /api/v1/tasks', () => {
    it('creates a task', async () => {
      const execute_at = inOneHour();
      const { status, json } = await post({ execute_at, task_type: 'send_email', payload: PAYLOAD, max_attempts: 3 });
      expect(status).toBe(201);
      expect(json).toMatchObject({
        task: {
          id: ID,
          execute_at,
          task_type: 'send_email',
          payload: PAYLOAD,
          status: 'pending',
          attempts: 0,
          max_attempts: 3,
          created_at: INSTANT,
          updated_at: INSTANT,
        },
      });
      expect(json.task).not.toHaveProperty('completed_at');
      expect(json.task).not.toHaveProperty('error_message');
    });

    it('creates a task as the curl example does', async () => {
      const execute_at = inOneHour();
      const { status, json } = await send('POST', '/api/v1/tasks', {
        headers: { 'Content-Type': 'application/json' },
        body: `{
    "execute_at": "${execute_at}",
    "task_type": "send_email",
    "payload": {
      "to": "user@example.com",
      "subject": "Test"
    },
    "max_attempts": 3
  }`,
      });
      expect(status).toBe(201);
      expect(json).toMatchObject({
        task: { execute_at, payload: { to: 'user@example.com', subject: 'Test' }, status: 'pending' },
      });
    });

    it('has 3 attempts by default', async () => {
      const { json } = await post({ execute_at: inOneHour(), task_type: 'send_email', payload: PAYLOAD });
      expect(json).toMatchObject({ task: { max_attempts: 3 } });
    });

    it('refuses wrong data and an execute_at in the past', async () => {
      await expectError(post({}), 400, 'execute_at is required');
      await expectError(
        post({ execute_at: '2025-11-10T15:00:00Z', task_type: 'send_email', payload: PAYLOAD }),
        400,
        'execute_at must be in the future',
      );
    });
  });

  describe('GET /api/v1/tasks/:id', () => {
    it('reads a task that has completed', async () => {
      const id = await create({ execute_at: inMs(2_500) });
      const isDone = ({ json }: { json: Json }): boolean => (json.task as Json).status === 'completed';
      const { status, json } = await eventually(() => send('GET', `/api/v1/tasks/${id}`), isDone);
      expect(status).toBe(200);
      expect(json).toMatchObject({
        task: {
          id,
          execute_at: INSTANT,
          task_type: 'send_email',
          payload: PAYLOAD,
          status: 'completed',
          attempts: 1,
          max_attempts: 3,
          created_at: INSTANT,
          updated_at: INSTANT,
          completed_at: INSTANT,
        },
      });
    });

    it('refuses an id that is none, and one that is unknown', async () => {
      await expectError(send('GET', '/api/v1/tasks/abc'), 400, 'Invalid task ID');
      await expectError(send('GET', '/api/v1/tasks/9007199254740991'), 404, 'Task not found');
    });
  });

  describe('DELETE /api/v1/tasks/:id', () => {
    it('cancels a task, once', async () => {
      const execute_at = inOneHour();
      const id = await create({ execute_at });
      const { status, json } = await send('DELETE', `/api/v1/tasks/${id}`);
      expect(status).toBe(200);
      expect(json).toMatchObject({
        task: {
          id,
          execute_at,
          task_type: 'send_email',
          payload: PAYLOAD,
          status: 'cancelled',
          attempts: 0,
          max_attempts: 3,
          created_at: INSTANT,
          updated_at: INSTANT,
        },
      });
      expect(json.task).not.toHaveProperty('completed_at');
      await expectError(send('DELETE', `/api/v1/tasks/${id}`), 404, 'Task not found or cannot be cancelled');
    });

    it('refuses an id that is none', () => expectError(send('DELETE', '/api/v1/tasks/abc'), 400, 'Invalid task ID'));
  });

  describe('GET /api/v1/tasks', () => {
    const LISTED = {
      id: ID,
      execute_at: INSTANT,
      task_type: expect.any(String),
      status: expect.stringMatching(/^(pending|processing|completed|failed|cancelled)$/),
      attempts: COUNT,
      max_attempts: COUNT,
      created_at: INSTANT,
      updated_at: INSTANT,
    };
    type Listed = { readonly id: number; readonly created_at: string };
    const list = async (
      query: string,
      mustHave: readonly number[] = [],
    ): Promise<{ tasks: Listed[]; total: number }> => {
      const read = async () => {
        const { status, json } = await send('GET', `/api/v1/tasks${query}`);
        expect(status).toBe(200);
        expect(json).toEqual(expect.objectContaining({ tasks: expect.any(Array), total: COUNT }));
        return json as { tasks: Listed[]; total: number };
      };
      return await eventually(
        read,
        ({ tasks, total }) => total >= tasks.length && mustHave.every((id) => tasks.some((task) => task.id === id)),
      );
    };

    it('lists all tasks, newest first', async () => {
      const email = await create({ payload: { to: 'user@example.com' } });
      const sms = await create({ task_type: 'send_sms', payload: { phone: '+1234567890' } });
      const { tasks, total } = await list('', [email, sms]);
      expect(tasks.length).toBeLessThanOrEqual(50);
      expect(total).toBeGreaterThanOrEqual(2);
      for (const task of tasks) {
        expect(task).toEqual(expect.objectContaining(LISTED));
        expect(task).toHaveProperty('payload');
      }
      expect(tasks.findIndex(({ id }) => id === sms)).toBeLessThan(tasks.findIndex(({ id }) => id === email));
      expect(tasks.find(({ id }) => id === sms)).toMatchObject({
        task_type: 'send_sms',
        payload: { phone: '+1234567890' },
      });
      const instants = tasks.map(({ created_at }) => Date.parse(created_at));
      expect(instants).toEqual(instants.toSorted((a, b) => b - a));
    });

    it('filters by status', async () => {
      const id = await create();
      const { tasks } = await list('?status=pending', [id]);
      expect(tasks.every((task) => 'status' in task && task.status === 'pending')).toBe(true);
    });

    it('filters by type', async () => {
      const id = await create();
      const { tasks } = await list('?task_type=send_email', [id]);
      expect(tasks.every((task) => 'task_type' in task && task.task_type === 'send_email')).toBe(true);
    });

    it('pages', async () => {
      for (let count = 0; count < 21; count += 1) {
        await create();
      }
      const first = await list('?limit=20');
      const second = await list('?limit=20&offset=20');
      expect(first.tasks).toHaveLength(20);
      expect(second.tasks.length).toBeGreaterThanOrEqual(1);
      const ids = new Set(first.tasks.map(({ id }) => id));
      expect(second.tasks.filter(({ id }) => ids.has(id))).toEqual([]);
    });

    it('combines filters, as the curl example does too', async () => {
      const id = await create();
      const { tasks } = await list('?status=pending&task_type=send_email&limit=10', [id]);
      expect(tasks.length).toBeLessThanOrEqual(10);
      expect((await list('?status=pending&limit=10')).tasks.length).toBeLessThanOrEqual(10);
    });

    it('refuses wrong paging', async () => {
      await expectError(send('GET', '/api/v1/tasks?limit=abc'), 400, 'Invalid limit parameter');
      await expectError(send('GET', '/api/v1/tasks?offset=-1'), 400, 'Invalid offset parameter');
    });
  });

  describe('GET /health', () => {
    it('answers OK to who prefers plain text', async () => {
      const response = await fetch(`${baseUrl()}/health`, { headers: { Accept: 'text/plain' } });
      expect(response.status).toBe(200);
      expect(response.headers.get('content-type')).toMatch(/^text\/plain/);
      expect(await response.text()).toBe('OK');
    });
  });
};
