/** Operations about logs and reasons over memory stores and rows that the test puts there. */
import { createMemoryLogStore } from '../../lib/adapters/memory/fleet/logs.ts';
import { createMemoryDataStore } from '../../lib/adapters/memory/side-stores.ts';
import { createLogs } from '../../lib/application/fleet/logs.ts';
import { createWhyJob, createWhyRun } from '../../lib/application/fleet/why.ts';
import type { Ports } from '../../lib/application/ports/index.ts';
import { getTaskSocket } from '../../lib/contracts/http/a/socket.ts';
import * as logOperations from '../../lib/contracts/http/a/task-logs.ts';
import { whyCronjob, whyTask } from '../../lib/contracts/http/a/why.ts';
import type { Job } from '../../lib/domain/job/job.ts';
import type { Run } from '../../lib/domain/run.ts';
import type { Session } from '../../lib/domain/session.ts';
import { taskLogHandlers } from '../../lib/platform/http/handlers/a/task-log-handlers.ts';
import { whyHandlers } from '../../lib/platform/http/handlers/a/why-handlers.ts';
import { createHttpHandler } from '../../lib/platform/http/http-handler.ts';
import { createLogger } from '../../lib/platform/logger.ts';
import { call, type HttpHandler, type HttpRequest } from '../support/http-event.ts';
import { NOW, RETENTION_MS, runIn } from '../support/rows.ts';
import { bearer, type Credential, createTestAdmission } from '../support/test-admission.ts';

const { createTaskLog, listTaskLogs, getTaskLog, putTaskLog } = logOperations;
const { deleteTaskLog, getTaskLogContent, putTaskLogContent, appendTaskLog } = logOperations;

const OPERATIONS = {
  ...{ createTaskLog, listTaskLogs, getTaskLog, putTaskLog, deleteTaskLog },
  ...{ getTaskLogContent, putTaskLogContent, appendTaskLog, whyTask, whyCronjob, getTaskSocket },
};

export type Answer = {
  readonly status: number | undefined;
  readonly body: { readonly code: number; readonly message: string; readonly data?: unknown };
};

export const createLogsWorld = ({
  clock,
  pause,
}: {
  readonly clock?: () => number;
  readonly pause?: (ms: number) => Promise<void>;
} = {}) => {
  let at = NOW;
  let made = 0;
  const now = clock ?? (() => at);
  const runs = new Map<string, Run>();
  const jobs = new Map<string, Job>();
  const sessions: Session[] = [];
  const paused: number[] = [];
  const ports: Pick<Ports, 'runs' | 'jobs' | 'sessions' | 'data' | 'logs' | 'settings' | 'now'> = {
    runs: {
      get: async (id) => runs.get(id),
      readyHead: async ({ limit }) =>
        [...runs.values()]
          .filter(({ status }) => status === 'ready')
          .toSorted((a, b) => a.priority - b.priority || a.dueAt - b.dueAt)
          .slice(0, limit)
          .map((run) => ({ ...run, queue: run.handler, readyAt: run.readyAt ?? 0 })),
    } as Partial<Ports['runs']> as Ports['runs'],
    jobs: {
      get: async (id) => jobs.get(id),
    } as Partial<Ports['jobs']> as Ports['jobs'],
    sessions: {
      look: async () => ({ sessions, more: false }),
    } as Partial<Ports['sessions']> as Ports['sessions'],
    data: createMemoryDataStore(),
    logs: createMemoryLogStore(),
    settings: {
      shards: () => ({ sessions: 1, ready: 1 }),
      pools: ['default'],
      retentionMs: RETENTION_MS,
      ageingMs: 600_000,
    },
    now,
  };
  const engine = { logs: createLogs(ports), why: createWhyRun(ports), whyJob: createWhyJob(ports) };
  const handlers = {
    ...taskLogHandlers({
      engine,
      now,
      pause: async (ms) => {
        paused.push(ms);
        at += ms;
        await pause?.(ms);
      },
    }),
    ...whyHandlers({ engine, webSocketUrl: 'wss://ws.example.com/prod' }),
  };
  const handler: HttpHandler = createHttpHandler({
    operations: OPERATIONS,
    handlers,
    admission: createTestAdmission(),
    logger: createLogger({ level: 'error' }),
    now,
  });
  return {
    handler,
    engine,
    runs,
    jobs,
    sessions,
    /** Pauses that were asked for, in ms. */
    paused,
    pass: (ms: number) => {
      at += ms;
    },
    /** A task that waits. */
    makeTask: async (fields: Partial<Run> = {}): Promise<string> => {
      made += 1;
      const run = runIn('scheduled', { id: String(1_000 + made), ...fields });
      runs.set(run.id, run);
      return run.id;
    },
    send: async (
      request: string,
      options: HttpRequest = {},
      credential: Credential = 'user-token',
    ): Promise<Answer> => {
      const answered = await call(handler, request, { ...bearer(credential), ...options });
      return { status: answered.status, body: answered.json() as Answer['body'] };
    },
  };
};
export type LogsWorld = ReturnType<typeof createLogsWorld>;
