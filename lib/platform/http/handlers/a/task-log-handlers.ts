/** API A's task logs over the engine. */
import type { Engine } from '../../../../application/api.ts';
import type { LogText, LogWritten, RunLog } from '../../../../application/fleet/logs-api.ts';
import type { TaskLog } from '../../../../contracts/http/a/task-logs.ts';
import { badRequest } from '../../../../contracts/http/c-inputs.ts';
import { MAX_LOG_APPEND_BYTES } from '../../../../contracts/limits.ts';
import { isRunId } from '../../../../domain/ids.ts';
import { formatInstant } from '../../../../domain/instant.ts';
import { lookUntil, type Waiting } from '../../long-poll.ts';
import type { Handlers } from '../../serve.ts';
import { bad, ok, pageOf, TAKEN, UNKNOWN } from './a-answers.ts';

export type TaskLogDependencies = Waiting & { readonly engine: Pick<Engine, 'logs'> };

/**
 * Text of one answer. A Lambda's answer ends at 6 MB, in which JSON is escaped twice: seven bytes for a control character.
 */
const MAX_CONTENT_BYTES = 512 * 1024;

/** As the original system named the files. */
const pathOf = ({ run, storage, createdAt }: RunLog): string => {
  const [year = '', month = ''] = new Date(createdAt).toISOString().split('-');
  return storage === 'db' ? '' : `logs/${year}${month}/task/${run}.log`;
};

const placeOf = (log: RunLog) => ({ task_id: log.run, storage: log.storage, path: pathOf(log), size: log.size });

export const taskLogHandlers = ({
  engine,
  ...waiting
}: TaskLogDependencies): Pick<
  Handlers,
  | 'createTaskLog'
  | 'listTaskLogs'
  | 'getTaskLog'
  | 'putTaskLog'
  | 'deleteTaskLog'
  | 'getTaskLogContent'
  | 'putTaskLogContent'
  | 'appendTaskLog'
> => {
  const { logs } = engine;

  const view = async (log: RunLog, bytes: number): Promise<TaskLog> => ({
    ...placeOf(log),
    content: (await logs.read(log.run, 0, bytes))?.text ?? '',
    truncated: log.truncated,
    created_at: formatInstant(log.createdAt),
    updated_at: formatInstant(log.updatedAt),
  });

  const only = async (run: string, matches: (log: RunLog) => boolean) => {
    const log = isRunId(run) ? await logs.find(run) : undefined;
    const found = log === undefined || !matches(log) ? [] : [log];
    return { logs: found, total: found.length, partial: false };
  };

  const answer = async <const S extends 200 | 201>(status: S, written: LogWritten) =>
    written.kind === 'written' ? ok(status, await view(written.log, MAX_CONTENT_BYTES)) : UNKNOWN;

  const textOf = ({ content, storage }: { readonly content: string; readonly storage?: string | undefined }) => ({
    text: content,
    ...(storage === undefined ? {} : { storage }),
  });

  const replace = async (id: string, body: Parameters<typeof textOf>[0]) =>
    answer(200, await logs.replace(id, textOf(body)));

  return {
    createTaskLog: async ({ body }) => {
      const { task_id: id, content = '', storage } = body;
      const created = await logs.create(id, textOf({ content, storage }));
      return created.kind === 'exists' ? TAKEN : answer(201, created);
    },

    listTaskLogs: async ({ query: { page, page_size, task_id, storage, deleted, search } }) => {
      const isWanted = (log: RunLog): boolean =>
        (storage === undefined || log.storage === storage) &&
        (search === undefined || pathOf(log).includes(search)) &&
        deleted !== 'true' &&
        deleted !== '1';
      const found =
        task_id === undefined
          ? await logs.list({ matches: isWanted, offset: (page - 1) * page_size, limit: page_size })
          : await only(task_id, isWanted);
      const share = Math.floor(MAX_CONTENT_BYTES / Math.max(1, found.logs.length));
      const results = await Promise.all(found.logs.map((log) => view(log, share)));
      return ok(200, pageOf({ page, page_size }, results, found));
    },

    getTaskLog: async ({ params }) => {
      const log = await logs.find(params.id);
      return log === undefined ? UNKNOWN : ok(200, await view(log, MAX_CONTENT_BYTES));
    },

    putTaskLog: ({ params, body }) => replace(params.id, body),
    putTaskLogContent: ({ params, body }) => replace(params.id, body),

    deleteTaskLog: async ({ params }) =>
      (await logs.remove(params.id)) ? ok(200, { message: '任务日志删除成功' as const }) : UNKNOWN,

    getTaskLogContent: async ({ params, query: { after, wait } }) => {
      const isNews = (found: LogText | undefined): boolean =>
        found === undefined || found.text !== '' || found.complete;
      const read = (): Promise<LogText | undefined> => logs.read(params.id, after, MAX_CONTENT_BYTES);
      const found = await lookUntil(read, isNews, wait * 1_000, waiting);
      return found === undefined
        ? UNKNOWN
        : ok(200, { content: found.text, next: found.next, complete: found.complete });
    },

    appendTaskLog: async ({ params, body: { task_id, ...body } }) => {
      if (task_id !== undefined && task_id !== params.id) {
        return bad('task_id 必须与路径中的相同');
      }
      const bytes = Buffer.byteLength(body.content);
      if (bytes > MAX_LOG_APPEND_BYTES) {
        const error = badRequest(`content 共 ${bytes} 字节, 最多 ${MAX_LOG_APPEND_BYTES} 字节, 请分多次追加`);
        return { status: 413, error };
      }
      const written = await logs.append(params.id, textOf(body));
      return written.kind === 'written' ? ok(200, placeOf(written.log)) : UNKNOWN;
    },
  };
};
