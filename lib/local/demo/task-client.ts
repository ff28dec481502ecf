/** API D as a program uses it: create, read, cancel, list. */
import type { Task } from '../../contracts/http/task.ts';

export type NewTask = {
  readonly executeAt: number;
  readonly type: string;
  readonly payload: unknown;
  readonly maxAttempts?: number;
  readonly idempotencyKey?: string;
};

export type TaskPage = {
  readonly tasks: readonly Task[];
  readonly total: number;
  /** Absent on the last page. */
  readonly nextCursor: string | undefined;
};

export type TaskClient = {
  readonly create: (task: NewTask) => Promise<Task>;
  readonly get: (id: number) => Promise<Task>;
  readonly cancel: (id: number) => Promise<Task>;
  readonly list: (query?: {
    readonly status?: Task['status'];
    readonly limit?: number;
    readonly cursor?: string;
  }) => Promise<TaskPage>;
};

/** The answer was none of the good ones; the message holds what it says. */
export class TaskApiError extends Error {
  override readonly name = 'TaskApiError';
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

/** Node keeps the connections of `fetch` open between requests. */
export const createTaskClient = (baseUrl: string): TaskClient => {
  const send = async <T>(method: string, path: string, init: RequestInit = {}): Promise<T> => {
    const response = await fetch(`${baseUrl}/api/v1/tasks${path}`, { method, ...init });
    const text = await response.text();
    if (!response.ok) {
      throw new TaskApiError(response.status, `${method} /api/v1/tasks${path}: HTTP ${response.status} ${text}`);
    }
    return JSON.parse(text) as T;
  };
  return {
    create: async ({ executeAt, type, payload, maxAttempts, idempotencyKey }) => {
      const { task } = await send<{ task: Task }>('POST', '', {
        headers: {
          'content-type': 'application/json',
          ...(idempotencyKey === undefined ? {} : { 'idempotency-key': idempotencyKey }),
        },
        body: JSON.stringify({
          execute_at: new Date(executeAt).toISOString(),
          task_type: type,
          payload,
          max_attempts: maxAttempts,
        }),
      });
      return task;
    },
    get: async (id) => (await send<{ task: Task }>('GET', `/${id}`)).task,
    cancel: async (id) => (await send<{ task: Task }>('DELETE', `/${id}`)).task,
    list: async ({ limit = 50, status, cursor } = {}) => {
      const query = new URLSearchParams({ limit: String(limit), ...(status && { status }), ...(cursor && { cursor }) });
      const page = await send<{ tasks: Task[]; total: number; next_cursor?: string }>('GET', `?${query}`);
      return { tasks: page.tasks, total: page.total, nextCursor: page.next_cursor };
    },
  };
};

/** When the first attempt began: the current one's fields are overwritten by the next. */
export const firstStartOf = (task: Task): number | undefined => {
  const first = task.attempt_history?.find(({ outcome }) => outcome !== 'undelivered')?.started_at ?? task.started_at;
  return first === undefined ? undefined : Date.parse(first);
};
